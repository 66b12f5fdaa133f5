"""What is measured of anomalib, by a Python that has it: nothing else of this project is imported here."""

from dfsc.benchmarks.turns import Ways, serve

INPUT_SIZE = 256


def load() -> Ways:
    """ "pair": an image through two EfficientAD models, to their maps; "step": a training step with one image."""
    import torch
    from anomalib.models.image.efficient_ad.torch_model import EfficientAdModel

    torch.manual_seed(0)
    pair = [EfficientAdModel().eval() for _ in range(2)]
    learner = EfficientAdModel().train()
    learned = [*learner.student.parameters(), *learner.ae.parameters()]
    optimizer = torch.optim.Adam(learned, lr=1e-4, weight_decay=1e-5)
    image, penalty = torch.rand(2, 1, 3, INPUT_SIZE, INPUT_SIZE)

    @torch.inference_mode()
    def inspected() -> object:
        return [model(image) for model in pair]

    def step() -> None:
        optimizer.zero_grad()
        sum(learner(batch=image, batch_imagenet=penalty)).backward()
        optimizer.step()

    return {"pair": inspected, "step": step}


if __name__ == "__main__":
    serve(load)
