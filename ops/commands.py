"""What each command of the command line does. Each imports only what it needs."""

import argparse
import contextlib
import json
import re
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Never

from ops.errors import CallError, PlanError

if TYPE_CHECKING:
    from ops.project import Stack


def run(options: argparse.Namespace) -> int:
    """Run the command that `options.command` names; return its exit code."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _interrupt)
    try:
        return {"rehearse": _rehearse, "verify": _verify, "adopt": _adopt}[options.command](options)
    except PlanError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_code
    except BrokenPipeError:
        # Who reads, as head does, has read enough.
        return 1


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
        report.print_unanswered(rehearsal, report.console(stderr=True))
        _print_whole(report.rehearsal_json(rehearsal))
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
        _print_whole(report.verification_json(found))
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
    output = Path(options.output)
    try:
        output.write_text(json.dumps(adoption.imports, indent=2) + "\n", encoding="utf-8")
    except OSError as error:
        msg = f"--output {output} can't be written: {error.strerror}"
        raise CallError(msg) from None
    report.print_adoption(adoption, output, report.console())
    return 0


_interrupted: list[int] = []


def _interrupt(number: int, _: object) -> Never:
    """Raise KeyboardInterrupt, again each half second until it has ended all.

    Python drops it where it hits a destructor, and Pulumi's runtime holds it back while calls are under way.
    """
    _interrupted.append(number)
    signal.signal(signal.SIGALRM, _interrupt)
    signal.setitimer(signal.ITIMER_REAL, 0.5)
    raise KeyboardInterrupt


def _print_whole(answer: str) -> None:
    """Print JSON, which nobody can use in part: from here on Ctrl-C comes too late."""
    if _interrupted:
        raise KeyboardInterrupt
    before = {number: signal.signal(number, signal.SIG_IGN) for number in (signal.SIGINT, signal.SIGTERM)}
    print(answer, flush=True)
    for number, handler in before.items():
        signal.signal(number, handler)


def _stack_and_region(options: argparse.Namespace) -> tuple["Stack", str]:
    from ops import project  # noqa: PLC0415 - each command imports only what it needs: --help answers at once

    stack = project.load(Path(options.cwd).resolve(), options.stack, options.config)
    given = getattr(options, "region", None)
    region = given or stack.config.get("aws:region", "")
    if not re.fullmatch("[a-z]{2}(-[a-z]+)+-[0-9]+", region):
        configured = f"aws:region is {region!r}, which is no region; set it in Pulumi.{stack.name}.yaml or by --config"
        msg = f"--region {region!r} is no region" if given else configured
        raise CallError(msg)
    return stack, region


def _packs(options: argparse.Namespace, stack: "Stack") -> list[tuple[Path, Path | None]]:
    """Return each policy pack's folder and its configuration."""
    default = stack.directory / "policies"
    packs = [Path(pack).resolve() for pack in options.policy_pack] or ([default] if default.is_dir() else [])
    if options.no_policies:
        return []
    if options.policy_pack_config and len(options.policy_pack_config) != len(packs):
        msg = f"{len(options.policy_pack_config)} --policy-pack-config for {len(packs)} policy packs; give one for each"
        raise CallError(msg)
    given = [Path(file).resolve() for file in options.policy_pack_config]
    defaults = [path if (path := pack / "config" / f"{stack.name}.json").exists() else None for pack in packs]
    return list(zip(packs, given or defaults, strict=True))
