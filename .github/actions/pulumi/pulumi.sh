#!/usr/bin/env bash
# Installs the Pulumi CLI (`cli`) or its AWS plugin (`plugin`) with the version and the hash of .github/pins.
# `pins` downloads both and writes that file, with the versions of requirements.txt.
set -euo pipefail
cd "$(dirname "$0")/../../.."
releases=https://get.pulumi.com/releases

fetch() { # NAME FILE: the CLI downloads plugins from plugins/, too
    curl --proto '=https' --fail --location --silent --show-error --retry 3 --output "$2" "$releases/$1"
}

cli_archive() { echo "sdk/pulumi-v$1-linux-x64.tar.gz"; }
aws_archive() { echo "plugins/pulumi-resource-aws-v$1-linux-amd64.tar.gz"; }

unverified() { # WHAT
    message="$1 is installed unverified: .github/pins has no hash of it. Run make pins and commit the file."
    echo "::warning file=.github/pins::$message"
    echo "> **Warning:** $message" >> "$GITHUB_STEP_SUMMARY"
}

case "${1:-}" in
cli)
    source .github/pins
    archive="$RUNNER_TEMP/pulumi.tar.gz"
    fetch "$(cli_archive "$CLI_VERSION")" "$archive"
    if test -n "$CLI_SHA256"; then
        echo "$CLI_SHA256  $archive" | sha256sum --check --strict --quiet
    else
        unverified "The Pulumi CLI $CLI_VERSION"
    fi
    # The archive has one folder, pulumi.
    tar --extract --gzip --file "$archive" --directory "$RUNNER_TEMP"
    echo "$RUNNER_TEMP/pulumi" >> "$GITHUB_PATH"
    ;;
plugin)
    source .github/pins
    test -n "$AWS_SHA256" || unverified "The AWS plugin $AWS_VERSION"
    pulumi plugin install resource aws "$AWS_VERSION" --exact --reinstall --server "$releases/plugins" \
        ${AWS_SHA256:+--checksum "$AWS_SHA256"}
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
