"""A parent with open doors, until it is told to finish: python -m tests.crash.run_parent HOME TRACE."""

from node.serving import open_doors
from tests.crash import run


def main() -> None:
    this = run.begin("parent")
    doors = open_doors(this.node, lambda origin: None, lambda origin: None)
    this.ready()
    this.told.wait()
    doors.close()


if __name__ == "__main__":
    main()
