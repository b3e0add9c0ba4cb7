"""The command line: python -m ops COMMAND."""

import argparse
import io
import os
import sys


def main(arguments: list[str] | None = None) -> int:
    """Run a command; return its exit code: 0 fine, 1 the plan or the account is wrong, 2 the call is wrong."""
    options = _parser().parse_args(arguments)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    from ops import commands  # noqa: PLC0415 - not before: --help answers at once

    return commands.run(options)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m ops",
        description="Rehearse the program of this folder, verify a live account, and adopt existing tables.",
        epilog="Exit code: 0 fine, 1 the plan or the account is wrong, 2 the call is wrong. "
        "Each command has its own --help.",
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    stack = argparse.ArgumentParser(add_help=False)
    stack.add_argument("--stack", default="dev", metavar="NAME", help="reads Pulumi.NAME.yaml (default: %(default)s)")
    stack.add_argument(
        "--config", action="append", default=[], metavar="KEY=VALUE", help="set a configuration value; repeatable"
    )
    stack.add_argument("--cwd", default=".", metavar="DIR", help="the project's folder (default: this)")
    aws = argparse.ArgumentParser(add_help=False)
    aws.add_argument("--profile", metavar="NAME", help="an AWS profile (default: boto3's usual chain of credentials)")
    aws.add_argument("--region", metavar="REGION", help="an AWS region (default: the stack's aws:region)")
    aws.add_argument("--endpoint-url", metavar="URL", help="use an emulator instead of AWS")

    rehearse = commands.add_parser(
        "rehearse",
        parents=[stack],
        help="create a stack in an embedded AWS and read it back; needs no AWS account",
        description="Run the program, judge what it registers by the policies, create it in an embedded AWS, read it "
        "back and compare. Needs no account and no network.",
    )
    rehearse.add_argument(
        "--drill",
        action="store_true",
        help="then write example invoices and run every query that the application needs (make rehearse does)",
    )
    rehearse.add_argument("--json", action="store_true", help="print one JSON object instead of tables")
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
        help="a policy pack to enforce; repeatable (default: policies)",
    )
    rehearse.add_argument(
        "--policy-pack-config",
        action="append",
        default=[],
        metavar="FILE",
        help="the pack's configuration, once for each pack (default: DIR/config/NAME.json)",
    )
    rehearse.add_argument("--no-policies", action="store_true", help="enforce no policy pack")

    verify = commands.add_parser(
        "verify",
        parents=[stack, aws],
        help="compare a live account with what the program declares; only reads",
        description="Compare what the program declares with what the account has, property by property. Only reads.",
    )
    verify.add_argument("--json", action="store_true", help="print one JSON object instead of tables")

    adopt = commands.add_parser(
        "adopt",
        parents=[stack, aws],
        help="write the file with which pulumi import takes over what exists; only reads",
        description="Write the file that pulumi import --file takes, from the program and what the account has.",
    )
    adopt.add_argument("--output", default="imports.json", metavar="FILE", help="(default: %(default)s)")
    adopt.add_argument(
        "--state",
        metavar="FILE",
        help="leave out what this output of pulumi stack export has; - for stdin (default: ask the CLI)",
    )
    adopt.add_argument(
        "--offline", action="store_true", help="ask neither the account nor the CLI: assume that everything exists"
    )
    return parser


if __name__ == "__main__":
    try:
        code = main()
        sys.stdout.flush()
    except KeyboardInterrupt:
        sys.stderr.write("interrupted\n")
        code = 130
    except BrokenPipeError:
        # Who reads, as head does, has read enough.
        code = 1
    except OSError as error:
        sys.stderr.write(f"error: the answer can't be written: {error.strerror}\n")
        code = 1
    # Not sys.exit, which would wait for calls to AWS that are under way.
    os._exit(code)
