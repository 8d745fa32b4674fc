import pytest

from replicate_gateway.progress import percent_of


@pytest.mark.parametrize(
    ("logs", "percent"),
    [
        ("", None),
        ("Using seed: 42\n", None),
        ("  0%|          | 0/50 [00:00<?, ?it/s]", 0),
        ("Using seed: 42\n\r  0%|     | 0/50\r 38%|███▊      | 19/50 [00:03<00:05,  5.9it/s]", 38),
        (" 38%|███▊      | 19/50\nloading the next stage\n", 38),
        ("100%|██████████| 50/50 [00:08<00:00,  6.2it/s]\n", 100),
        ("100%|██████████| 5/5\n 10%|█         | 5/50\n", 10),
        ("inference:  62.5%|██████▎   |\n", 62),
        ("Progress: 40%\n", 40),
        ("progress = 99.9 %\n", 99),
        ("70%\n", 70),
        ("using 80% of memory\n", None),
        ("done 80% of what was asked\n", None),
        ("Progress: 400%\n", None),
        ("Progress: 400%\nProgress: 40%\nProgress: 900%", 40),
        ("30%|x" + "\n" * 5_000, None),
    ],
)
def test_the_last_percentage_counts_if_it_is_one(logs, percent):
    assert percent_of(logs) == percent


@pytest.mark.parametrize("logs", ["9" * 1_000_000, "%|" * 500_000, "progress" + " " * 1_000_000, "\r" * 1_000_000])
def test_logs_of_any_size_and_make_are_read_in_no_time(logs):
    assert percent_of(logs) is None
