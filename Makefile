.PHONY: check test examples format

check: format
	ruff check . && mypy && lint-imports && python -m pytest

test:
	python -m pytest

examples:
	python tests/test_examples.py --update

format:
	ruff format . && ruff check --fix .
