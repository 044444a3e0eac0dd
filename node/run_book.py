"""When the jobs of a node ran, and how each run ended."""

from dataclasses import dataclass

from node.page import Page


@dataclass(frozen=True, slots=True)
class Run:
    """One run of a job: `outcome` is "" while it runs, then ok, failed or interrupted."""

    id: int
    job: str
    started_at: float
    ended_at: float | None
    outcome: str
    detail: str


class RunBook(Page):
    """The runs of one notebook."""

    def start_run(self, job: str, now: float) -> int:
        """Write down that a job has begun; return the run's id."""
        with self._write() as db:
            row = db.execute("insert into run (job, started_at, outcome, detail) values (?, ?, '', '')", [job, now])
            return int(row.lastrowid or 0)

    def end_run(self, run: int, outcome: str, detail: str, now: float) -> None:
        """Write down how a run ended: ok, failed or interrupted, and why."""
        with self._write() as db:
            db.execute("update run set ended_at = ?, outcome = ?, detail = ? where id = ?", [now, outcome, detail, run])

    def interrupt_open_runs(self, now: float) -> int:
        """Mark runs as interrupted that a crash left open, and return how many."""
        with self._write() as db:
            return db.execute(
                "update run set outcome = 'interrupted', ended_at = ? where ended_at is null", [now]
            ).rowcount

    def last_ok(self, job: str) -> float | None:
        """Return when the newest successful run of a job began: the last written down, clocks may jump."""
        with self._open() as db:
            row = db.execute(
                "select started_at from run where job = ? and outcome = 'ok' order by id desc limit 1", [job]
            ).fetchone()
        return row["started_at"] if row else None

    def failures(self, job: str, since: float) -> tuple[int, float]:
        """Return (failed runs that began at `since` or later and after the last good one, when the newest ended)."""
        with self._open() as db:
            row = db.execute(
                "select count(*) as n, max(ended_at) as t from run where job = :job and outcome = 'failed'"
                " and started_at >= :since and id >"
                " coalesce((select max(id) from run where job = :job and outcome = 'ok'), 0)",
                {"job": job, "since": since},
            ).fetchone()
        return row["n"], row["t"] or 0.0

    def runs(self, limit: int = 100) -> list[Run]:
        """Return the newest runs of all jobs, newest first."""
        with self._open() as db:
            return [Run(**row) for row in db.execute("select * from run order by id desc limit ?", [limit])]
