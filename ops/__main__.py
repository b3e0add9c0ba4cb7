"""The command line: python -m ops COMMAND."""

import argparse
import contextlib
import gc
import io
import os
import sys
import traceback


def main(arguments: list[str] | None = None) -> int:
    """Run a command and return its exit code: 0 success, 1 the plan or the account is wrong, 2 the call is wrong."""
    options = _parser().parse_args(arguments)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    from ops import commands  # noqa: PLC0415 - after parsing, so that --help is fast

    return commands.run(options)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m ops",
        description="Rehearse the program of this folder and its changes, verify a live account, adopt tables that "
        "exist, and print the permissions of the functions that use them.",
        epilog="Exit code: 0 success, 1 the plan or the account is wrong, 2 the call is wrong. "
        "Each command has its own --help.",
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    stack = argparse.ArgumentParser(add_help=False)
    stack.add_argument(
        "--stack", default="dev", metavar="NAME", help="the stack of Pulumi.NAME.yaml (default: %(default)s)"
    )
    stack.add_argument(
        "--config", action="append", default=[], metavar="KEY=VALUE", help="set a configuration value; repeatable"
    )
    stack.add_argument("--cwd", default=".", metavar="DIR", help="the project's folder (default: the current folder)")
    summary = argparse.ArgumentParser(add_help=False)
    summary.add_argument(
        "--summary", metavar="FILE", help="append the result to this file as Markdown, as for GITHUB_STEP_SUMMARY"
    )
    aws = argparse.ArgumentParser(add_help=False)
    aws.add_argument("--profile", metavar="NAME", help="an AWS profile (default: boto3's usual chain of credentials)")
    aws.add_argument("--region", metavar="REGION", help="an AWS region (default: the stack's aws:region)")
    aws.add_argument("--endpoint-url", metavar="URL", help="use an emulator instead of AWS")

    rehearse = commands.add_parser(
        "rehearse",
        parents=[stack, summary],
        help="create a stack in an embedded AWS and read it back; needs no AWS account",
        description="Run the program, check its resources with the policies, create them in an embedded AWS, read them "
        "back and compare. Needs no account and no network.",
    )
    rehearse.add_argument(
        "--drill",
        action="store_true",
        help="then write example invoices and run every query of the application; make rehearse does this",
    )
    rehearse.add_argument("--json", action="store_true", help="print one JSON object instead of tables")
    rehearse.add_argument(
        "--sarif",
        metavar="FILE",
        help="write the violations to this file as SARIF, each at the line of its table, for GitHub's code scanning",
    )
    rehearse.add_argument(
        "--endpoint-url",
        metavar="URL",
        help="use an emulator on this machine instead of the embedded AWS",
    )
    rehearse.add_argument(
        "--policy-pack",
        action="append",
        default=[],
        metavar="DIR",
        help="enforce this policy pack; repeatable (default: policies)",
    )
    rehearse.add_argument(
        "--policy-pack-config",
        action="append",
        default=[],
        metavar="FILE",
        help="the configuration of a pack; give one for each pack (default: DIR/config/NAME.json)",
    )
    rehearse.add_argument("--no-policies", action="store_true", help="enforce no policy pack")

    verify = commands.add_parser(
        "verify",
        parents=[stack, aws, summary],
        help="compare a live account with what the program declares; changes nothing",
        description="Compare what the program declares with what the account has, property by property. It changes "
        "nothing.",
    )
    verify.add_argument("--json", action="store_true", help="print one JSON object instead of tables")

    adopt = commands.add_parser(
        "adopt",
        parents=[stack, aws],
        help="write an import file for the resources that exist; changes nothing in AWS",
        description="Write the file for pulumi import --file, from the program and the resources in the account.",
    )
    adopt.add_argument("--output", default="imports.json", metavar="FILE", help="the file (default: %(default)s)")
    adopt.add_argument(
        "--state",
        metavar="FILE",
        help="leave out the resources in this output of pulumi stack export; - is stdin (default: ask the CLI)",
    )
    adopt.add_argument(
        "--offline", action="store_true", help="use neither the account nor the CLI: assume that everything exists"
    )

    evolve = commands.add_parser(
        "evolve",
        parents=[stack, summary],
        help="judge and rehearse the change from what is deployed to what the program declares",
        description="Compare what is deployed with what the program declares. Print how severe each change is, and how "
        "to make it safely. Then make the change in an embedded AWS, and run the queries of the application after each "
        "call. Needs no account and no network.",
    )
    deployed = evolve.add_mutually_exclusive_group(required=True)
    deployed.add_argument("--base", metavar="REF", help="compare with what the program declares at this git ref")
    deployed.add_argument("--state", metavar="FILE", help="compare with this output of pulumi stack export; - is stdin")
    output = evolve.add_mutually_exclusive_group()
    output.add_argument("--json", action="store_true", help="print one JSON object instead of tables")
    output.add_argument("--markdown", action="store_true", help="print the Markdown of --summary instead of tables")

    permissions = commands.add_parser(
        "permissions",
        parents=[stack],
        help="print the IAM policy document of each function that uses the tables; asks AWS nothing",
        description="Print which function may do what on which table or index: the IAM policy documents that the "
        "program exports. They need no AWS account. The label of a stream is known only to AWS, so they have * for it.",
    )
    permissions.add_argument("--consumer", metavar="NAME", help="only this function; with --json, only its document")
    permissions.add_argument(
        "--account", metavar="ID", help="the AWS account of the ARNs (default: the stack's aws:allowedAccountIds)"
    )
    permissions.add_argument("--json", action="store_true", help="print the documents as one JSON object")

    cost = commands.add_parser(
        "cost",
        parents=[stack],
        help="say what a month costs, on demand and provisioned, and what is throttled; needs no AWS account",
        description="Compute a month of the tables that the program declares, from what is asked of them: on demand, "
        "and provisioned with autoscaling, which is simulated by the minute. Needs no account and no network.",
    )
    cost.add_argument(
        "--usage",
        metavar="FILE",
        help="the requests of a month, as in docs/cost.md, or a .csv of CloudWatch (default: the project's usage.yaml)",
    )
    cost.add_argument("--json", action="store_true", help="print one JSON object instead of tables")
    cost.add_argument("--plot", metavar="FILE", help="also draw the day that throttles most into this SVG file")
    return parser


def _run() -> int:
    """Run the command; return its exit code, whatever happens."""
    code, message = 1, ""
    try:
        code = main()
        sys.stdout.flush()
    except SystemExit as end:
        # Of argparse, for --help and for a wrong call.
        code = end.code if isinstance(end.code, int) else 1
    except KeyboardInterrupt:
        code, message = 130, "interrupted\n"
    except BrokenPipeError:
        # The reader, such as head, has closed the pipe.
        pass
    except OSError as error:
        message = f"error: the output can't be written: {error.strerror}\n"
    except Exception:  # noqa: BLE001 - a fault of ours: without this, threads that wait would keep the process
        message = traceback.format_exc()
    with contextlib.suppress(OSError, ValueError):
        sys.stderr.write(message)
        sys.stderr.flush()
    return code


if __name__ == "__main__":
    # Imports make many objects and hardly any garbage, and take much of a command's time.
    gc.set_threshold(100_000)
    # sys.exit would wait for threads that still call AWS, or that still wait for a program.
    os._exit(_run())
