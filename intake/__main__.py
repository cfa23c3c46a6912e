"""`python -m intake`, and the command `intake`: what a process beside the service imports anew, so it holds little."""


def main() -> None:
    """Run the command line."""
    from intake.cli import main as run  # noqa: PLC0415 (a process that sorts needs none of it)

    run()


if __name__ == "__main__":
    main()
