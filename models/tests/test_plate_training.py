"""Training code, where PyTorch is installed (extra `models`): export is faithful, targets are right, runs resume."""

from pathlib import Path

import numpy as np
import pytest

from models.plates.layout import DOUBLE, SEVEN
from models.plates.samples import Drawn, character_spans, column_labels

torch = pytest.importorskip("torch")


def test_character_spans_are_in_reading_order_within_the_strip() -> None:
    for layout in (SEVEN, DOUBLE):
        spans = character_spans(layout).ravel()
        assert (np.diff(spans) > 0).all()
        assert spans[0] > 0 and spans[-1] < 1


def test_column_labels_show_every_character_once_in_order() -> None:
    from models.plates.alphabet import BLANK, SYMBOLS

    drawn = Drawn("皖A11345", "blue", np.zeros((1, 1, 3), np.uint8), character_spans(SEVEN))
    labels = column_labels(drawn, np.eye(3))
    runs = [int(label) for place, label in enumerate(labels) if place == 0 or label != labels[place - 1]]
    assert "".join(SYMBOLS[label] for label in runs if label != BLANK) == "皖A11345"


@pytest.mark.parametrize("kind", ["reader", "wide", "close"])
def test_exported_graph_gives_what_the_net_gives(kind: str) -> None:
    from models.plates.export import NETS, graph_of
    from models.runtime import Network
    from models.tflite_writer import write

    torch.manual_seed(0)
    _, make, height, width = NETS[kind]
    net = make().train()
    with torch.no_grad():
        for _ in range(3):
            net(torch.randn(4, 3, height, width))  # moves the batch norms away from their start
        picture = torch.randn(1, 3, height, width)
        wanted = [output.permute(0, 2, 3, 1).numpy() for output in net.eval()(picture)]
    got = Network(write(graph_of(net, height, width))).run(picture.permute(0, 2, 3, 1).numpy())
    for one, other in zip(got, wanted, strict=True):
        assert np.allclose(one, other, atol=1e-3)


@pytest.mark.parametrize("kind", ["reader", "wide", "close"])
def test_a_committed_file_is_a_start_for_training(kind: str) -> None:
    from models.cards import FOLDER
    from models.plates.export import NETS
    from models.plates.warm_start import start_from
    from models.runtime import Network

    name, make, height, width = NETS[kind]
    torch.manual_seed(0)
    net, pictures = make(), torch.randn(16, 3, height, width) / 2
    file = FOLDER / name / f"{name}.tflite"
    start_from(net, file, pictures)
    with torch.no_grad():
        still, moving = net.eval()(pictures)[0], net.train()(pictures)[0]  # the file's norms, then the batch's own
    wanted = Network(file.read_bytes()).run(pictures[:1].permute(0, 2, 3, 1).numpy())[0].transpose(0, 3, 1, 2)
    assert np.corrcoef(still[0].numpy().ravel(), wanted.ravel())[0, 1] > 0.95
    assert torch.allclose(still, moving, atol=0.05)


def test_the_mean_of_a_run_with_itself_is_that_run() -> None:
    from models.plates.average import mean_of
    from models.plates.nets import corner_net

    torch.manual_seed(0)
    one, other, mean = corner_net(), corner_net(), corner_net()
    with torch.no_grad():
        one.train()(torch.randn(8, 3, 64, 128))  # moves the batch norms away from their start
        picture = torch.randn(2, 3, 64, 128)
        wanted = one.eval()(picture)
        mean_of([one, one], mean)
        assert all(torch.allclose(*pair, atol=1e-4) for pair in zip(mean.eval()(picture), wanted, strict=True))
        mean_of([one, other.eval()], mean)
        assert not torch.allclose(mean(picture)[1], wanted[1], atol=1e-4)
        assert torch.allclose(mean.heads[1].weight, (one.heads[1].weight + other.heads[1].weight) / 2)


def test_a_start_of_another_net_is_refused() -> None:
    from models.cards import FOLDER
    from models.errors import ModelFormatError
    from models.plates.nets import corner_net
    from models.plates.warm_start import start_from

    with pytest.raises(ModelFormatError, match="not this net's"):
        start_from(corner_net(), FOLDER / "plate_reader" / "plate_reader.tflite", torch.zeros(2, 3, 64, 128))


@pytest.mark.parametrize(("kind", "limit_m"), [("reader", 60), ("wide", 150), ("close", 60)])
def test_nets_stay_within_their_budget(kind: str, limit_m: int) -> None:
    from models.plates.export import NETS
    from models.plates.nets import multiply_adds

    _, make, height, width = NETS[kind]
    assert multiply_adds(make(), height, width) <= limit_m * 1_000_000


def test_wide_targets_mark_the_middle_and_ignore_the_rest_of_the_plate() -> None:
    from models.plates.cells import CELL_PX, CORNER_UNIT_PX
    from models.plates.scenes import Standing
    from models.plates.train_finder import wide_targets

    corners = np.array([[40, 40], [152, 40], [152, 76], [40, 76]], np.float32)
    present, double, offsets = wide_targets([Standing(corners, 2)], 160, 256)
    row, column = int(58 // CELL_PX), int(96 // CELL_PX)
    assert present[row, column] == 1 and double[row, column] == 1
    assert present[row, 3] == -1 and present[9, 15] == 0
    middle = np.array([column, row]) * CELL_PX + CELL_PX / 2
    back = offsets[:, row, column].reshape(4, 2) * CORNER_UNIT_PX + middle
    assert np.allclose(back, corners)


def test_a_run_resumes_where_it_stopped(tmp_path: Path) -> None:
    from models.plates.nets import corner_net
    from models.plates.training import Run

    batch = (torch.zeros(2, 3, 64, 128, dtype=torch.uint8),)

    def batches(count: int):  # type: ignore[no-untyped-def]
        return iter([batch] * count)

    first = Run(corner_net(), tmp_path, minutes=60, rate=1e-3, seed=1, threads=1)
    first.fit(batches(3), lambda outputs, _, __: outputs[0].square().mean())
    second = Run(corner_net(), tmp_path, minutes=60, rate=1e-3, seed=1, threads=1)
    assert (first.step, second.step) == (3, 3)
    second.fit(batches(2), lambda outputs, _, __: outputs[0].square().mean())
    assert Run(corner_net(), tmp_path, minutes=60, rate=1e-3, seed=1, threads=1).step == 5
