# What the machine learns from AWS when it starts, as settings: account and region, and so the names of bucket and
# queues (names.json), and the address under which members reach the VPN. No account stands in the repository.
set -euo pipefail
metadata=${METADATA:-http://169.254.169.254/latest}
token=$(curl --fail --silent --show-error --retry 5 --retry-connrefused --max-time 5 --request PUT \
    --header 'X-aws-ec2-metadata-token-ttl-seconds: 60' "$metadata/api/token")
ask() {
    curl --fail --silent --show-error --max-time 5 --header "X-aws-ec2-metadata-token: $token" "$metadata/$1"
}
about=$(ask dynamic/instance-identity/document)
jq --raw-output --argjson about "$about" --arg address "$(ask meta-data/public-ipv4)" '
    $about.accountId as $account | $about.region as $region
    | def named: gsub("\\{account\\}"; $account) | gsub("\\{region\\}"; $region);
      def url: "https://sqs.\($region).amazonaws.com/\($account)/\(.)";
      "AWS_DEFAULT_REGION=\($region)",
      "PADDOCK_AWS_REGION=\($region)",
      "PADDOCK_S3_BUCKET=\(.buckets.recordings | named)",
      "PADDOCK_INGEST_QUEUE_URL=\(.queues.ingest | url)",
      "PADDOCK_EXPORT_QUEUE_URL=\(.queues.export | url)",
      "PADDOCK_VPN_ENDPOINT=\($address):\(.vpn.port)",
      "PADDOCK_BACKUP_TO=s3://\(.buckets.backups | named)",
      "SECRETS_BUCKET=\(.buckets.secrets | named)"
' "$NAMES" >"$RUNTIME_DIRECTORY/settings.env.new"
mv "$RUNTIME_DIRECTORY/settings.env.new" "$RUNTIME_DIRECTORY/settings.env"
