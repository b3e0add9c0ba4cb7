"""Runs the commands. Each imports only what it needs, and imports while the processes that it started get ready."""

import argparse
import contextlib
import json
import re
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from ops.errors import CallError, PlanError

if TYPE_CHECKING:
    from ops.engine.project import Stack


def run(options: argparse.Namespace) -> int:
    """Run the command `options.command` and return its exit code."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        try:
            return _COMMANDS[options.command](options)
        except CallError:
            raise
        except PlanError as error:
            print(f"error: {error}", file=sys.stderr)
            from ops import markdown  # noqa: PLC0415

            title = f"### {options.stack}: {options.command} failed"
            _summarize(options, [title, "", f"**error**: {markdown.code(str(error))}"])
            return error.exit_code
    except CallError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_code


def _rehearse(options: argparse.Namespace) -> int:
    from ops import isolation  # noqa: PLC0415

    # Before the other imports, because those may open connections.
    isolation.isolate()
    from ops.engine import program  # noqa: PLC0415

    if options.summary and options.sarif and Path(options.summary).resolve() == Path(options.sarif).resolve():
        raise CallError(f"--summary and --sarif are both {options.sarif}; name two files")
    stack, region = _stack_and_region(options)
    has_account = stack.has_account
    with contextlib.ExitStack() as exits:
        # The program and the packs take a second to start. Meanwhile this process imports what it needs.
        running = exits.enter_context(program.start(stack))
        from ops.engine import policy_pack  # noqa: PLC0415

        packs = [exits.enter_context(policy_pack.start(*pack, stack)) for pack in _packs(options, stack)]
        from ops.aws import emulator  # noqa: PLC0415
        from ops.console import console  # noqa: PLC0415
        from ops.rehearse import deploy, report  # noqa: PLC0415

        exits.enter_context(console(stderr=True).status("rehearsing"))
        url = options.endpoint_url
        clients = exits.enter_context(emulator.embedded(region) if url is None else emulator.at(url, region))
        rehearsal = deploy.rehearse(stack, running, clients, packs, with_drill=options.drill)
    if not has_account and any(resource.protect for resource in rehearsal.plan.resources):
        print(
            f"warning: {stack.name} protects its tables, but Pulumi.{stack.name}.yaml doesn't name their account; "
            "set aws:allowedAccountIds there before the first deployment",
            file=sys.stderr,
        )
    if options.json:
        report.print_unanswered(rehearsal, console(stderr=True))
        print(report.as_json(rehearsal))
    else:
        report.print_rehearsal(rehearsal, console())
    try:
        _summarize(options, report.as_markdown(rehearsal))
    finally:
        # Also if the summary can't be written.
        if options.sarif is not None:
            from ops.rehearse import sarif  # noqa: PLC0415

            _write("--sarif", options.sarif, sarif.as_sarif(rehearsal))
    return 0 if rehearsal.ok else 1


def _evolve(options: argparse.Namespace) -> int:
    from ops import isolation  # noqa: PLC0415

    # git works without the environment and the connections that this takes away.
    isolation.isolate()
    from ops.engine import program  # noqa: PLC0415

    if not (options.base or options.state):
        raise CallError("--base and --state can't be empty; name a git ref, or a file")
    stack, region = _stack_and_region(options)
    with contextlib.ExitStack() as exits:
        running = exits.enter_context(program.start(stack, dry_run=True))
        from ops.evolve import versions  # noqa: PLC0415

        deployed = None
        if options.base:
            deployed = exits.enter_context(versions.at_ref(stack, options.config, options.base))
        # Both programs take a second to start. Meanwhile this process imports what it needs.
        from ops.aws import emulator  # noqa: PLC0415
        from ops.console import console  # noqa: PLC0415
        from ops.evolve import evolve, report  # noqa: PLC0415

        exits.enter_context(console(stderr=True).status("rehearsing the change"))
        clients = exits.enter_context(emulator.embedded(region))
        then = deployed() if deployed else versions.in_state(stack, options.state)
        now = versions.declared(stack, running)
        base = options.base or ("the state on stdin" if options.state == "-" else options.state)
        evolution = evolve.evolve(stack, base, then, now, clients)
        month = []
        if options.summary or options.markdown:
            from ops.cost import compare  # noqa: PLC0415

            month = compare.compare(stack, then, now)
    markdown = [*report.as_markdown(evolution), *(line for paragraph in month for line in ("", paragraph))]
    if options.json:
        print(report.as_json(evolution))
    elif options.markdown:
        print("\n".join(markdown))
    else:
        report.print_evolution(evolution, console())
    _summarize(options, markdown)
    return 0 if evolution.ok else 1


def _verify(options: argparse.Namespace) -> int:
    from ops import verify  # noqa: PLC0415
    from ops.aws import account  # noqa: PLC0415
    from ops.console import console  # noqa: PLC0415

    stack, region = _stack_and_region(options)
    with console(stderr=True).status(f"reading {region}"):
        verification = verify.verify(stack, region, account.connect(options.profile, region, options.endpoint_url))
    if options.json:
        print(verify.as_json(verification))
    else:
        verify.print_verification(verification, console())
    _summarize(options, verify.as_markdown(verification))
    return 1 if verification.drift.differences else 0


def _adopt(options: argparse.Namespace) -> int:
    from ops import adopt  # noqa: PLC0415
    from ops.aws import account  # noqa: PLC0415
    from ops.console import console  # noqa: PLC0415
    from ops.engine import state  # noqa: PLC0415

    stack, region = _stack_and_region(options)
    clients = None if options.offline else account.connect(options.profile, region, options.endpoint_url)
    with console(stderr=True).status(f"reading {region}"):
        known = state.urns(stack, options.state) if options.state or clients else frozenset()
        adoption = adopt.adopt(stack, region, clients, known)
    _write("--output", options.output, json.dumps(adoption.imports, indent=2) + "\n")
    adopt.print_adoption(adoption, Path(options.output), console())
    return 0


def _cost(options: argparse.Namespace) -> int:
    from ops import isolation  # noqa: PLC0415

    isolation.isolate()
    from ops.cost import prices  # noqa: PLC0415
    from ops.engine import program  # noqa: PLC0415

    stack, region = _stack_and_region(options)
    if options.plot:
        from ops.cost import plot  # noqa: PLC0415

        plot.check()
    found = prices.load(region)
    with program.start(stack, dry_run=True) as running:
        from ops.console import console  # noqa: PLC0415
        from ops.cost import deployed, month, report, usage  # noqa: PLC0415
        from ops.rehearse import definitions  # noqa: PLC0415

        tables = definitions.load(stack.directory).tables
        plan = running.record(lambda _: ("", {}))
    path = Path(options.usage) if options.usage else stack.directory / "usage.yaml"
    result = month.month(plan, usage.load(path, tables, deployed.inputs_by_logical_name(plan)), found)
    if options.plot:
        plot.write(result, Path(options.plot))
    if options.json:
        print(report.as_json(stack, result))
    else:
        report.print_month(stack, result, console())
    return 0


def _permissions(options: argparse.Namespace) -> int:
    from ops import isolation  # noqa: PLC0415

    isolation.isolate()
    from ops.engine import program  # noqa: PLC0415

    stack, region = _stack_and_region(options)
    with program.start(stack, dry_run=True) as running:
        from ops import permissions  # noqa: PLC0415
        from ops.console import console  # noqa: PLC0415

        found = permissions.documents(running, region, permissions.account(stack, options.account))
    found = permissions.only(found, options.consumer)
    if options.json:
        print(permissions.as_json(found, options.consumer))
    else:
        permissions.print_documents(found, console())
    return 0


def _summarize(options: argparse.Namespace, lines: list[str]) -> None:
    """Append lines of Markdown to the file of the option --summary, if the command has it and it is given."""
    if getattr(options, "summary", None) is not None:
        from ops import markdown  # noqa: PLC0415

        _write("--summary", options.summary, markdown.fitted(lines), mode="a")


def _write(option: str, file: str, text: str, mode: Literal["a", "w"] = "w") -> None:
    if file == "-":
        raise CallError(f"{option} - is not stdout; name a file, such as /dev/stdout")
    try:
        with Path(file).open(mode, encoding="utf-8") as opened:
            opened.write(text)
    except OSError as error:
        raise CallError(f"{option} {file} can't be written: {error.strerror}") from None


def _stack_and_region(options: argparse.Namespace) -> tuple["Stack", str]:
    from ops.engine import project  # noqa: PLC0415

    stack = project.load(Path(options.cwd).resolve(), options.stack, options.config)
    given = getattr(options, "region", None)
    region = given or stack.config.get("aws:region", "")
    if not re.fullmatch("[a-z]{2}(-[a-z]+)+-[0-9]+", region):
        if given:
            raise CallError(f"--region {region!r} is not a region")
        raise CallError(
            f"aws:region is {region!r}, which is not a region; set it in Pulumi.{stack.name}.yaml or with --config"
        )
    return stack, region


def _packs(options: argparse.Namespace, stack: "Stack") -> list[tuple[Path, Path | None]]:
    """Return the folder and the configuration file of each policy pack."""
    default = stack.directory / "policies"
    packs = [Path(pack).resolve() for pack in options.policy_pack] or ([default] if default.is_dir() else [])
    if options.no_policies:
        return []
    if options.policy_pack_config and len(options.policy_pack_config) != len(packs):
        raise CallError(
            f"{len(options.policy_pack_config)} --policy-pack-config for {len(packs)} policy packs; give one for each"
        )
    if options.policy_pack_config:
        return list(zip(packs, (Path(file).resolve() for file in options.policy_pack_config), strict=True))
    files = {pack: pack / "config" / f"{stack.name}.json" for pack in packs}
    for file in files.values():
        if file.parent.is_dir() and not file.exists():
            print(f"{file} is missing: every policy has its default level and options", file=sys.stderr)
    return [(pack, file if file.exists() else None) for pack, file in files.items()]


_COMMANDS = {
    "rehearse": _rehearse,
    "evolve": _evolve,
    "verify": _verify,
    "adopt": _adopt,
    "cost": _cost,
    "permissions": _permissions,
}
