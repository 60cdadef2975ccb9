set -euo pipefail
# CALLS_URL is your site, such as https://calls.example.com; CALLS_KEY is your API key.
ask() { curl --fail-with-body --silent --show-error -H "Authorization: Bearer $CALLS_KEY" "$@"; }

# Create a batch and check its list. No one is called yet.
batch=$(ask "$CALLS_URL/api/v1/batches" -H "Idempotency-Key: october-list-curl" \
  -F name="October reminders" -F prompt="Remind {{Name}} of the appointment on {{Date}}." \
  -F file=@customers.csv -F 'mapping={"Mobile": "phone_number", "Customer no.": "metadata.crm_id"}' \
  -F dry_run=true --output created.json --write-out '%header{location}')

# A long list is checked in the background.
until ask "$batch/dry-run" | tee report.json | grep --quiet '"is_done":true'; do sleep 2; done
cat report.json
ask "$batch/rejected"

# Start calling, and wait for the end.
ask -X POST "$batch/launch" --output launched.json
until ask "$batch/progress" | grep --quiet '"is_over":true'; do sleep 2; done

# Read the results: your columns, then ours. `calls` has the transcripts.
ask "$batch/results" --output results.csv
cat results.csv
ask "$CALLS_URL/api/v1/calls?batch=${batch##*/}&fields=to,status,transcript"
