"""The command line: python -m ops COMMAND."""

import argparse
import contextlib
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from ops.errors import CallError, PlanError

if TYPE_CHECKING:
    from ops.project import Stack


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
        "--policy-pack",
        action="append",
        default=[],
        type=Path,
        metavar="DIR",
        help="a policy pack to enforce; repeatable (default: policies)",
    )
    rehearse.add_argument(
        "--policy-pack-config",
        action="append",
        default=[],
        type=Path,
        metavar="FILE",
        help="the pack's configuration, once for each pack (default: DIR/config/NAME.json)",
    )
    rehearse.add_argument("--no-policies", action="store_true", help="enforce no policy pack")
    rehearse.add_argument(
        "--cwd", type=Path, default=Path(), metavar="DIR", help="the project's folder (default: this folder)"
    )
    rehearse.set_defaults(command=_rehearse)
    return parser


def _rehearse(options: argparse.Namespace) -> int:
    from ops import project  # noqa: PLC0415 - each command imports only what it needs: --help answers at once

    stack = project.load(options.cwd.resolve(), options.stack, options.config)
    region = stack.config.get("aws:region")
    if not region:
        msg = f"Pulumi.{stack.name}.yaml sets no aws:region; set it there or give --config aws:region=REGION"
        raise CallError(msg)
    from ops import emulator, pack, report  # noqa: PLC0415
    from ops.rehearse import rehearse  # noqa: PLC0415

    emulator.isolate()
    aws = emulator.at(options.endpoint_url, region) if options.endpoint_url else emulator.embedded(region)
    with contextlib.ExitStack() as exits:
        # Before all else: the packs start while the program runs.
        packs = [exits.enter_context(pack.start(*found, stack)) for found in _packs(options, stack)]
        exits.enter_context(report.console(stderr=True).status("rehearsing"))
        rehearsal = rehearse(stack, exits.enter_context(aws), packs)
    if options.json:
        print(report.rehearsal_json(rehearsal))
    else:
        report.print_rehearsal(rehearsal, report.console())
    return 0 if rehearsal.ok else 1


def _packs(options: argparse.Namespace, stack: "Stack") -> list[tuple[Path, Path | None]]:
    """Return each policy pack's folder and its configuration."""
    default = stack.directory / "policies"
    packs = [pack.resolve() for pack in options.policy_pack] or ([default] if default.is_dir() else [])
    if options.no_policies:
        return []
    if options.policy_pack_config and len(options.policy_pack_config) != len(packs):
        msg = f"{len(options.policy_pack_config)} --policy-pack-config for {len(packs)} policy packs; give one for each"
        raise CallError(msg)
    defaults = [path if (path := pack / "config" / f"{stack.name}.json").exists() else None for pack in packs]
    return list(zip(packs, options.policy_pack_config or defaults, strict=True))


if __name__ == "__main__":
    sys.exit(main())
