"""GitHub Actions without any classroom: a workflow that grades on each push and shows what came of it."""
