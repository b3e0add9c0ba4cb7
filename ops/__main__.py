"""The command line: python -m ops COMMAND."""

import argparse
import contextlib
import json
import os
import re
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from ops.errors import CallError, PlanError

if TYPE_CHECKING:
    from ops.project import Stack


def main(arguments: list[str] | None = None) -> int:
    """Run a command; return its exit code: 0 fine, 1 the plan or the account is wrong, 2 the call is wrong."""
    options = _parser().parse_args(arguments)
    # Ended by a signal, as by Ctrl-C: no process of a policy pack is left over.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
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
        description="What there is to do with the program of this folder other than deploy it.",
        epilog="Exit code: 0 fine, 1 the plan or the account is wrong, 2 the call is wrong. "
        "Each command has its own --help.",
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    stack = argparse.ArgumentParser(add_help=False)
    stack.add_argument("--stack", default="dev", metavar="NAME", help="reads Pulumi.NAME.yaml (default: %(default)s)")
    stack.add_argument(
        "--config", action="append", default=[], metavar="KEY=VALUE", help="set a configuration value; repeatable"
    )
    stack.add_argument("--cwd", type=Path, default=Path(), metavar="DIR", help="the project's folder (default: this)")
    aws = argparse.ArgumentParser(add_help=False)
    aws.add_argument("--profile", metavar="NAME", help="an AWS profile (default: boto3's usual chain of credentials)")
    aws.add_argument("--region", metavar="REGION", help="an AWS region (default: the stack's aws:region)")
    aws.add_argument("--endpoint-url", metavar="URL", help="an emulator instead of AWS")

    rehearse = commands.add_parser(
        "rehearse",
        parents=[stack],
        help="create a stack in an embedded AWS and read it back; needs no account",
        description="Run the program, judge what it registers by the policies, create it in an embedded AWS, read it "
        "back and compare. Reaches no account and no network.",
    )
    rehearse.add_argument(
        "--drill",
        action="store_true",
        help="then write example invoices, and ask every question that the tables are for (make rehearse does)",
    )
    rehearse.add_argument("--json", action="store_true", help="print one JSON object instead of tables")
    rehearse.add_argument(
        "--endpoint-url",
        metavar="URL",
        help="an emulator on this machine, not the embedded one",
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
    rehearse.set_defaults(command=_rehearse)

    verify = commands.add_parser(
        "verify",
        parents=[stack, aws],
        help="compare a live account with what the program declares; only reads",
        description="Compare, property by property, what the program declares with what the account has. Only reads.",
    )
    verify.add_argument("--json", action="store_true", help="print one JSON object instead of tables")
    verify.set_defaults(command=_verify)

    adopt = commands.add_parser(
        "adopt",
        parents=[stack, aws],
        help="write the file by which pulumi import takes over what exists; only reads",
        description="Write the file that pulumi import --file takes, from the program and what the account has.",
    )
    adopt.add_argument(
        "--output", type=Path, default=Path("imports.json"), metavar="FILE", help="(default: %(default)s)"
    )
    adopt.add_argument("--offline", action="store_true", help="don't look into the account: take all for existing")
    adopt.set_defaults(command=_adopt)
    return parser


def _rehearse(options: argparse.Namespace) -> int:
    stack, region = _stack_and_region(options)
    from ops import emulator  # noqa: PLC0415

    # First of all: what is imported next may open connections of its own.
    emulator.isolate()
    from ops import pack, report  # noqa: PLC0415
    from ops.rehearse import rehearse  # noqa: PLC0415

    aws = emulator.at(options.endpoint_url, region) if options.endpoint_url is not None else emulator.embedded(region)
    with contextlib.ExitStack() as exits:
        # Before all else: the packs start while the program runs.
        packs = [exits.enter_context(pack.start(*found, stack)) for found in _packs(options, stack)]
        exits.enter_context(report.console(stderr=True).status("rehearsing"))
        rehearsal = rehearse(stack, exits.enter_context(aws), packs, with_drill=options.drill)
    if options.json:
        print(report.rehearsal_json(rehearsal))
    else:
        report.print_rehearsal(rehearsal, report.console())
    return 0 if rehearsal.ok else 1


def _verify(options: argparse.Namespace) -> int:
    stack, region = _stack_and_region(options)
    from ops import account, report  # noqa: PLC0415
    from ops.verify import verify  # noqa: PLC0415

    with report.console(stderr=True).status(f"reading {region}"):
        found = verify(stack, region, account.connect(options.profile, region, options.endpoint_url))
    if options.json:
        print(report.verification_json(found))
    else:
        report.print_verification(found, report.console())
    return 1 if found.readback.differences else 0


def _adopt(options: argparse.Namespace) -> int:
    stack, region = _stack_and_region(options)
    from ops import account, report  # noqa: PLC0415
    from ops.adopt import adopt  # noqa: PLC0415

    clients = None if options.offline else account.connect(options.profile, region, options.endpoint_url)
    with report.console(stderr=True).status(f"reading {region}"):
        adoption = adopt(stack, region, clients)
    try:
        options.output.write_text(json.dumps(adoption.imports, indent=2) + "\n", encoding="utf-8")
    except OSError as error:
        msg = f"--output {options.output} can't be written: {error.strerror}"
        raise CallError(msg) from None
    report.print_adoption(adoption, options.output, report.console())
    return 0


def _stack_and_region(options: argparse.Namespace) -> tuple["Stack", str]:
    from ops import project  # noqa: PLC0415 - each command imports only what it needs: --help answers at once

    stack = project.load(options.cwd.resolve(), options.stack, options.config)
    region = getattr(options, "region", None) or stack.config.get("aws:region", "")
    if not re.fullmatch("[a-z]{2}(-[a-z]+)+-[0-9]+", region):
        msg = f"aws:region is {region!r}, which is no region; set it in Pulumi.{stack.name}.yaml or by --config"
        raise CallError(msg)
    return stack, region


def _packs(options: argparse.Namespace, stack: "Stack") -> list[tuple[Path, Path | None]]:
    """Return each policy pack's folder and its configuration."""
    default = stack.directory / "policies"
    packs = [pack.resolve() for pack in options.policy_pack] or ([default] if default.is_dir() else [])
    if options.no_policies:
        return []
    if options.policy_pack_config and len(options.policy_pack_config) != len(packs):
        msg = f"{len(options.policy_pack_config)} --policy-pack-config for {len(packs)} policy packs; give one for each"
        raise CallError(msg)
    given = [file.resolve() for file in options.policy_pack_config]
    defaults = [path if (path := pack / "config" / f"{stack.name}.json").exists() else None for pack in packs]
    return list(zip(packs, given or defaults, strict=True))


if __name__ == "__main__":
    code = main()
    with contextlib.suppress(OSError):
        sys.stdout.flush()
    # Not sys.exit, which would wait for a thread of the program that never ends.
    os._exit(code)
