"""The command line: python -m ops COMMAND."""

import argparse
import sys
from pathlib import Path

from ops.errors import CallError, PlanError


def main(arguments: list[str] | None = None) -> int:
    """Run a command; return its exit code: 0 fine, 1 the plan or the account is wrong, 2 the call is wrong."""
    options = _parser().parse_args(arguments)
    try:
        return options.command(options)
    except PlanError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m ops",
        description="Rehearse the program of this folder without an AWS account or a Pulumi CLI.",
        epilog="Exit code: 0 fine, 1 the plan or the account is wrong, 2 the call is wrong.",
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    rehearse = commands.add_parser(
        "rehearse",
        help="create a stack in an embedded AWS and read it back",
        description="Run the program, create all its resources in an embedded AWS, read them back and compare.",
    )
    rehearse.add_argument(
        "--stack", default="dev", metavar="NAME", help="reads Pulumi.NAME.yaml (default: %(default)s)"
    )
    rehearse.add_argument(
        "--config", action="append", default=[], metavar="KEY=VALUE", help="set a configuration value; repeatable"
    )
    rehearse.add_argument("--json", action="store_true", help="print one JSON object instead of tables")
    rehearse.add_argument(
        "--endpoint-url",
        metavar="URL",
        help="an emulator on this machine (moto server, LocalStack) instead of the embedded one",
    )
    rehearse.add_argument(
        "--cwd", type=Path, default=Path(), metavar="DIR", help="the project's folder (default: this folder)"
    )
    rehearse.set_defaults(command=_rehearse)
    return parser


def _rehearse(options: argparse.Namespace) -> int:
    from ops import project  # noqa: PLC0415 - each command imports only what it needs: --help answers at once

    stack = project.load(options.cwd.resolve(), options.stack, options.config)
    from ops import emulator, report  # noqa: PLC0415
    from ops.rehearse import rehearse  # noqa: PLC0415

    emulator.isolate()
    region = stack.config.get("aws:region")
    if not region:
        msg = f"Pulumi.{stack.name}.yaml sets no aws:region; set it there or give --config aws:region=REGION"
        raise CallError(msg)
    aws = emulator.at(options.endpoint_url, region) if options.endpoint_url else emulator.embedded(region)
    with report.console(stderr=True).status("rehearsing"), aws as clients:
        rehearsal = rehearse(stack, clients)
    if options.json:
        print(report.rehearsal_json(rehearsal))
    else:
        report.print_rehearsal(rehearsal, report.console())
    return 0 if rehearsal.ok else 1


if __name__ == "__main__":
    sys.exit(main())
