"""The command `probe`, also `python -m probe`: what is stopped while it loads says so in one line too."""

from . import stopping


def main() -> None:
    """Listen for Ctrl-C, then load the command line and run it."""
    stopping.listen()
    try:
        from .cli import main as command
    except KeyboardInterrupt:
        stopping.leave()
    command()


if __name__ == "__main__":
    main()
