"""What is measured of anomalib, by a Python that has it: nothing else of this project is imported here."""

from collections.abc import Callable

from dfsc.benchmarks.turns import Ways, serve

INPUT_SIZE = 256


def load() -> Ways:
    """ "pair": an image through two EfficientAD models, to their maps; "step": a training step with one image."""
    import torch
    from anomalib.models.image.efficient_ad.torch_model import EfficientAdModel

    torch.manual_seed(0)
    image, penalty = torch.rand(2, 1, 3, INPUT_SIZE, INPUT_SIZE)

    def pair() -> Callable[[], object]:
        models = [EfficientAdModel().eval() for _ in range(2)]

        @torch.inference_mode()
        def inspected() -> object:
            return [model(image) for model in models]

        return inspected

    def step() -> Callable[[], object]:
        learner = EfficientAdModel().train()
        learned = [*learner.student.parameters(), *learner.ae.parameters()]
        optimizer = torch.optim.Adam(learned, lr=1e-4, weight_decay=1e-5)

        def learn() -> None:
            optimizer.zero_grad()
            sum(learner(batch=image, batch_imagenet=penalty)).backward()
            optimizer.step()

        return learn

    return {"pair": pair, "step": step}


if __name__ == "__main__":
    serve(load)
