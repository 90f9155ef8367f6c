"""Carries claims from the draft to the assessment as DBOS workflows, and prints the rate as JSON.

Usage: dbos_claims.py DATABASE_URL IN_FLIGHT SECONDS

Each act of a person is a message to the workflow of its claim. Each act is a step that writes the claim
and an entry of its history in one transaction. Approving also takes the claim's key, which is unique.
"""

import json
import os
import sys
import time
import uuid
from concurrent.futures import ThreadPoolExecutor

import sqlalchemy
from dbos import DBOS

TABLES = """
CREATE TABLE IF NOT EXISTS claim (id uuid PRIMARY KEY, partner text NOT NULL, state text NOT NULL, content jsonb NOT NULL);
CREATE TABLE IF NOT EXISTS history (claim_id uuid, position int, action text NOT NULL, PRIMARY KEY (claim_id, position));
CREATE TABLE IF NOT EXISTS association (key text PRIMARY KEY, claim_id uuid NOT NULL);
"""

CREATE = "INSERT INTO claim VALUES (:id, 'contoso', :state, '{}')"
UPDATE = "UPDATE claim SET state = :state WHERE id = :id"
APPEND = "INSERT INTO history VALUES (:id, :position, :action)"
HOLD = "INSERT INTO association VALUES (:key, :id)"

database_url, in_flight, seconds = sys.argv[1], int(sys.argv[2]), float(sys.argv[3])
engine = sqlalchemy.create_engine(
    database_url.replace("postgres://", "postgresql+psycopg://"), pool_size=16, max_overflow=0
)
DBOS(config={"name": "claims", "system_database_url": database_url, "log_level": "ERROR"})


def write(claim: str, position: int, state: str, action: str, key: str | None = None) -> None:
    """Writes the state and one entry of the history in one transaction, and takes the key if there is one."""
    with engine.begin() as transaction:
        values = {"id": claim, "state": state, "position": position, "action": action, "key": key}
        transaction.execute(sqlalchemy.text(CREATE if position == 1 else UPDATE), values)
        transaction.execute(sqlalchemy.text(APPEND), values)
        if key is not None:
            transaction.execute(sqlalchemy.text(HOLD), values)


@DBOS.step()
def record(claim: str, position: int, state: str, action: str, key: str | None = None) -> None:
    write(claim, position, state, action, key)


@DBOS.workflow()
def carry(claim: str) -> str:
    """One claim. It waits for the message of each person, and records what the person did."""
    record(claim, 1, "EDITING", "created")
    DBOS.recv("evidence", timeout_seconds=60)
    record(claim, 2, "EDITING", "evidence_added")
    DBOS.recv("submit", timeout_seconds=60)
    record(claim, 3, "SUBMITTED", "submitted")
    DBOS.recv("assign", timeout_seconds=60)
    record(claim, 4, "SUBMITTED", "reviewer_assigned")
    DBOS.recv("start", timeout_seconds=60)
    record(claim, 5, "UNDER_REVIEW", "review_started")
    DBOS.recv("approve", timeout_seconds=60)
    record(claim, 6, "APPROVED", "approved", claim)
    DBOS.recv("consent", timeout_seconds=60)
    record(claim, 7, "APPROVED", "customer_approved")
    record(claim, 8, "OFFICIAL", "official")
    record(claim, 9, "OFFICIAL", "assessed")
    return claim


def run_loop(end: float) -> list[float]:
    """Carries one claim after the other until the end. Returns the duration of each in seconds."""
    durations = []
    while time.monotonic() < end:
        start = time.monotonic()
        workflow = DBOS.start_workflow(carry, str(uuid.uuid4()))
        for act in ("evidence", "submit", "assign", "start", "approve", "consent"):
            DBOS.send(workflow.get_workflow_id(), "done", act)
        workflow.get_result()
        durations.append(time.monotonic() - start)
    return durations


with engine.begin() as setup:
    setup.execute(sqlalchemy.text(TABLES))
DBOS.launch()
start = time.monotonic()
with ThreadPoolExecutor(in_flight) as loops:
    results = list(loops.map(run_loop, [start + seconds] * in_flight))
elapsed = time.monotonic() - start
durations = sorted(duration for result in results for duration in result)
print(
    json.dumps(
        {
            "claims": len(durations),
            "per_second": len(durations) / elapsed,
            "p50_ms": 1000 * durations[len(durations) // 2] if durations else None,
        }
    ),
    flush=True,
)
# Stops without waiting for the threads of DBOS.
os._exit(0)
