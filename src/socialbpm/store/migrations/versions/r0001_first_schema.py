"""The first schema."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Create all tables."""
    op.create_table(
        "social_account",
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("person", sa.String(), nullable=False),
        sa.Column("linked_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("channel", "account"),
    )
    op.create_index(op.f("ix_social_account_person"), "social_account", ["person"], unique=False)
    op.create_table(
        "social_link_code",
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("person", sa.String(), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("confirms", sa.String(length=64), nullable=True),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("digest"),
    )
    op.create_index(op.f("ix_social_link_code_confirms"), "social_link_code", ["confirms"], unique=False)
    op.create_index(op.f("ix_social_link_code_expires_at"), "social_link_code", ["expires_at"], unique=False)
    op.create_table(
        "social_attempt",
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("subject"),
    )
    op.create_table(
        "social_tally",
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("post", sa.String(), nullable=False),
        sa.Column("request", sa.String(length=36), nullable=False),
        sa.Column("counts", sa.JSON(), nullable=False),
        sa.Column("received_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("channel", "post"),
    )
    op.create_index("social_tally_of_request", "social_tally", ["request"], unique=False)
    op.create_table(
        "social_account_rate",
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("tat", sa.BigInteger(), nullable=False),
        sa.Column("interval", sa.BigInteger(), nullable=False),
        sa.Column("paused", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("channel"),
    )
    op.create_table(
        "social_audit",
        sa.Column(
            "seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False
        ),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("run", sa.String(length=36), nullable=True),
        sa.Column("request", sa.String(length=36), nullable=True),
        sa.Column("facts", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("seq"),
    )
    op.create_index("social_audit_of_run", "social_audit", ["run", "seq"], unique=False)
    op.create_table(
        "social_event",
        sa.Column(
            "seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False
        ),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("event_id", sa.String(), nullable=False),
        sa.Column("request", sa.String(length=36), nullable=True),
        sa.Column("awaits", sa.String(), nullable=True),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("choices", sa.JSON(), nullable=False),
        sa.Column("comment", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("received_at", sa.BigInteger(), nullable=False),
        sa.Column("platform_at", sa.BigInteger(), nullable=True),
        sa.Column("delegate", sa.String(), nullable=True),
        sa.Column("withdraws", sa.String(), nullable=True),
        sa.Column("in_words", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("seq"),
        sa.UniqueConstraint("channel", "event_id"),
    )
    op.create_index(
        "social_event_delegates",
        "social_event",
        ["delegate", "request"],
        unique=False,
        sqlite_where=sa.text("delegate IS NOT NULL"),
        postgresql_where=sa.text("delegate IS NOT NULL"),
    )
    op.create_index(
        "social_event_deletes",
        "social_event",
        ["withdraws", "channel"],
        unique=False,
        sqlite_where=sa.text("withdraws IS NOT NULL"),
        postgresql_where=sa.text("withdraws IS NOT NULL"),
    )
    op.create_index("social_event_of_request", "social_event", ["request", "seq"], unique=False)
    op.create_index(
        "social_event_waiting",
        "social_event",
        ["awaits"],
        unique=False,
        sqlite_where=sa.text("awaits IS NOT NULL"),
        postgresql_where=sa.text("awaits IS NOT NULL"),
    )
    op.create_table(
        "social_local_post",
        sa.Column("key", sa.String(length=36), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("room", sa.String(), nullable=False),
        sa.Column("request", sa.String(length=36), nullable=True),
        sa.Column("post", sa.JSON(), nullable=False),
        sa.Column("posted_at", sa.BigInteger(), nullable=False),
        sa.Column("edited_at", sa.BigInteger(), nullable=True),
        sa.Column("deleted", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("key"),
    )
    op.create_index(
        "social_local_post_room", "social_local_post", ["channel", "room", "posted_at"], unique=False
    )
    op.create_table(
        "social_media",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("type", sa.String(length=40), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("stored_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "social_reading",
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("cursor", sa.Text(), nullable=False),
        sa.Column("read_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("channel"),
    )
    op.create_table(
        "social_spec",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "social_voter_account",
        sa.Column("request", sa.String(length=36), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("person", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("request", "channel", "account"),
    )
    op.create_table(
        "social_erasure",
        sa.Column("token", sa.String(length=32), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("known", sa.JSON(), nullable=True),
        sa.Column("report", sa.JSON(), nullable=False),
        sa.Column("begun_at", sa.BigInteger(), nullable=False),
        sa.Column("finished_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("token"),
        sa.UniqueConstraint("digest"),
    )
    op.create_table(
        "social_work",
        sa.Column("id", sa.String(length=80), nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("ref", sa.String(length=64), nullable=False),
        sa.Column("next", sa.BigInteger(), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("token", sa.String(length=36), nullable=True),
        sa.Column("again", sa.BigInteger(), nullable=True),
        sa.Column("error", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(
        "social_work_due",
        "social_work",
        ["next"],
        unique=False,
        sqlite_where=sa.text("next IS NOT NULL"),
        postgresql_where=sa.text("next IS NOT NULL"),
    )
    op.create_table(
        "social_media_variant",
        sa.Column("original", sa.String(length=64), nullable=False),
        sa.Column("limits", sa.String(length=64), nullable=False),
        sa.Column("media", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(
            ["media"],
            ["social_media.id"],
        ),
        sa.ForeignKeyConstraint(
            ["original"],
            ["social_media.id"],
        ),
        sa.PrimaryKeyConstraint("original", "limits"),
    )
    op.create_table(
        "social_process",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("bpmn_id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("sources", sa.LargeBinary(), nullable=False),
        sa.Column("spec", sa.String(length=64), nullable=False),
        sa.Column("deployed_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["spec"],
            ["social_spec.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("seq"),
    )
    op.create_index(op.f("ix_social_process_bpmn_id"), "social_process", ["bpmn_id"], unique=False)
    op.create_table(
        "social_response",
        sa.Column("seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("request", sa.String(length=36), nullable=False),
        sa.Column("person", sa.String(), nullable=False),
        sa.Column("standing", sa.String(length=12), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("stands", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["seq"],
            ["social_event.seq"],
        ),
        sa.PrimaryKeyConstraint("seq"),
    )
    op.create_index(
        "social_response_of_person", "social_response", ["request", "person", "stands"], unique=False
    )
    op.create_table(
        "social_run",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("process", sa.String(length=64), nullable=True),
        sa.Column("status", sa.String(length=12), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("state", sa.LargeBinary(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("started_at", sa.BigInteger(), nullable=False),
        sa.Column("changed_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["process"],
            ["social_process.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("social_run_by_status", "social_run", ["status", "changed_at"], unique=False)
    op.create_table(
        "social_request",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("run", sa.String(length=36), nullable=False),
        sa.Column("element", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("kind", sa.String(length=24), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("task", sa.JSON(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("opened_at", sa.BigInteger(), nullable=False),
        sa.Column("stands_at", sa.BigInteger(), nullable=True),
        sa.Column("ends_at", sa.BigInteger(), nullable=True),
        sa.Column("deadline", sa.BigInteger(), nullable=True),
        sa.Column("counted", sa.JSON(), nullable=False),
        sa.Column("standings", sa.JSON(), nullable=False),
        sa.Column("outcome", sa.JSON(), nullable=True),
        sa.Column("error", sa.String(), nullable=False),
        sa.Column("closed_at", sa.BigInteger(), nullable=True),
        sa.Column("ballots_seen", sa.Integer(), nullable=False),
        sa.Column("voided", sa.Integer(), nullable=False),
        sa.Column("tallies", sa.JSON(), nullable=True),
        sa.Column("poll_key", sa.LargeBinary(), nullable=True),
        sa.ForeignKeyConstraint(
            ["run"],
            ["social_run.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("social_request_by_state", "social_request", ["state", "opened_at"], unique=False)
    op.create_index("social_request_live", "social_request", ["run", "state"], unique=False)
    op.create_index("social_request_of_element", "social_request", ["run", "element", "round"], unique=False)
    op.create_table(
        "social_care",
        sa.Column("request", sa.String(length=36), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("passed", sa.Integer(), nullable=False),
        sa.Column("window", sa.Integer(), nullable=False),
        sa.Column("after", sa.String(), nullable=True),
        sa.Column("until", sa.BigInteger(), nullable=True),
        sa.Column("escalated_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["request"], ["social_request.id"]),
        sa.PrimaryKeyConstraint("request"),
    )
    op.create_table(
        "social_delivery",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("request", sa.String(length=36), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("room", sa.String(), nullable=False),
        sa.Column("purpose", sa.String(length=8), nullable=False),
        sa.Column("action", sa.String(length=8), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("creates", sa.String(length=36), nullable=True),
        sa.Column("parent", sa.String(length=36), nullable=True),
        sa.Column("person", sa.String(), nullable=True),
        sa.Column("post", sa.JSON(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("due", sa.BigInteger(), nullable=False),
        sa.Column("slot", sa.BigInteger(), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("remote_id", sa.String(), nullable=False),
        sa.Column("url", sa.String(), nullable=False),
        sa.Column("error", sa.Text(), nullable=False),
        sa.Column("sent_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["request"],
            ["social_request.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(
        "social_delivery_answers",
        "social_delivery",
        ["parent"],
        unique=False,
        sqlite_where=sa.text("parent IS NOT NULL"),
        postgresql_where=sa.text("parent IS NOT NULL"),
    )
    op.create_index("social_delivery_of_request", "social_delivery", ["request"], unique=False)
    op.create_index("social_delivery_remote", "social_delivery", ["channel", "remote_id"], unique=False)
    op.create_index("social_delivery_stuck", "social_delivery", ["channel", "state"], unique=False)
    op.create_index(
        "social_delivery_writes",
        "social_delivery",
        ["creates"],
        unique=False,
        sqlite_where=sa.text("creates IS NOT NULL"),
        postgresql_where=sa.text("creates IS NOT NULL"),
    )
    op.create_table(
        "social_voter",
        sa.Column("request", sa.String(length=36), nullable=False),
        sa.Column("person", sa.String(), nullable=False),
        sa.Column("weight", sa.String(), nullable=False),
        sa.Column("groups", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["request"],
            ["social_request.id"],
        ),
        sa.PrimaryKeyConstraint("request", "person"),
    )
