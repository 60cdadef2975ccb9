# Needs requests: pip install requests
import csv
import os
import time

import requests

SITE = os.environ["CALLS_URL"]  # such as https://calls.example.com
KEY = {"Authorization": "Bearer " + os.environ["CALLS_KEY"]}


def ask(method, url, headers=(), **options):
    response = requests.request(
        method, url, headers={**KEY, **dict(headers)}, timeout=60, **options
    )
    if not response.ok:
        raise SystemExit(f"{response.status_code}: {response.json()['detail']}")
    return response


# Create a batch and check its list. No one is called yet.
with open("customers.csv", "rb") as file:
    batch = ask(
        "POST",
        f"{SITE}/api/v1/batches",
        headers={"Idempotency-Key": "october-list-python"},
        files={"file": file},
        data={
            "name": "October reminders",
            "prompt": "Remind {{Name}} of the appointment on {{Date}}.",
            "mapping": '{"Mobile": "phone_number", "Customer no.": "metadata.crm_id"}',
            "dry_run": "true",
        },
    ).json()
links = batch["links"]

# A long list is checked in the background.
while not (checked := ask("GET", links["dry_run"]).json())["is_done"]:
    time.sleep(2)
print("Now:", checked["report"]["now"], "Later:", checked["report"]["later"]["count"])
for row in checked["rejected"]["errors"]:
    print(f"Row {row['row']} is skipped: {row['detail']}")

# Start calling, and wait for the end.
ask("POST", links["self"] + "/launch")
while not (progress := ask("GET", links["progress"]).json())["is_over"]:
    print(progress["totals"]["finished"], "of", progress["totals"]["rows"])
    time.sleep(2)

# Read the results: your columns, then ours. `calls` has the transcripts.
for row in csv.DictReader(ask("GET", links["results"]).text.splitlines()):
    print(row["Mobile"], row["status"], row["answered_by"])
calls = ask("GET", links["calls"] + "&fields=to,status,transcript").json()
for call in calls["results"]:
    print(call["to"], call["status"], len(call["transcript"]), "turns")
