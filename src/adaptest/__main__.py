"""`python -m adaptest`: the command line where no script is installed."""

from adaptest.cli.main import main

if __name__ == "__main__":
    main()
