#!/usr/bin/env bash
# Installs the Pulumi CLI (`cli`) or its AWS plugin (`plugin`) with the version and the hash of .github/pins.
# `pins` downloads both and writes that file, with the versions of requirements.txt.
set -euo pipefail
cd "$(dirname "$0")/../../.."
releases=https://get.pulumi.com/releases

fetch() { # NAME FILE
    curl --proto '=https' --fail --location --silent --show-error --retry 3 --output "$2" "$releases/$1"
}

cli_archive() { echo "sdk/pulumi-v$1-linux-x64.tar.gz"; }
aws_archive() { echo "plugins/pulumi-resource-aws-v$1-linux-amd64.tar.gz"; }

fetch_verified() { # NAME FILE HASH WHAT
    fetch "$1" "$2"
    if test -n "$3"; then
        echo "$3  $2" | sha256sum --check --strict --quiet
    else
        message="$4 is installed unverified: .github/pins has no hash of it. Run make pins and commit the file."
        echo "::warning file=.github/pins::$message"
        echo "> **Warning:** $message" >> "$GITHUB_STEP_SUMMARY"
    fi
}

case "${1:-}" in
cli)
    source .github/pins
    fetch_verified "$(cli_archive "$CLI_VERSION")" "$RUNNER_TEMP/cli.tar.gz" "$CLI_SHA256" "The Pulumi CLI $CLI_VERSION"
    # The archive has one folder, pulumi.
    tar --extract --gzip --file "$RUNNER_TEMP/cli.tar.gz" --directory "$RUNNER_TEMP"
    echo "$RUNNER_TEMP/pulumi" >> "$GITHUB_PATH"
    ;;
plugin)
    source .github/pins
    # Not with the CLI's --checksum: up to 3.260 at least, that leaves out bytes that arrive with the end of the file.
    fetch_verified "$(aws_archive "$AWS_VERSION")" "$RUNNER_TEMP/aws.tar.gz" "$AWS_SHA256" "The AWS plugin $AWS_VERSION"
    pulumi plugin install resource aws "$AWS_VERSION" --exact --reinstall --file "$RUNNER_TEMP/aws.tar.gz"
    ;;
pins)
    cli=$(sed -n 's/^pulumi==\([^ ]*\).*/\1/p' requirements.txt)
    aws=$(sed -n 's/^pulumi-aws==\([^ ]*\).*/\1/p' requirements.txt)
    folder=$(mktemp -d)
    trap 'rm -r "$folder"' EXIT
    fetch "$(cli_archive "$cli")" "$folder/cli"
    fetch "$(aws_archive "$aws")" "$folder/aws"
    hash() { sha256sum "$1" | cut -d ' ' -f 1; }
    {
        grep '^#' .github/pins
        echo "CLI_VERSION=$cli"
        echo "CLI_SHA256=$(hash "$folder/cli")"
        echo "AWS_VERSION=$aws"
        echo "AWS_SHA256=$(hash "$folder/aws")"
    } > "$folder/pins"
    cp "$folder/pins" .github/pins
    ;;
*)
    echo "usage: $0 cli|plugin|pins" >&2
    exit 2
    ;;
esac
