"""Enable pytest's own plugin tester for the project's tests; nothing else lives here."""

pytest_plugins = ["pytester"]
