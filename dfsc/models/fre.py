"""FRE: a Gaussian of good photographs' teacher features, in closed form; feature maps → local and global map.

What a linear model of good images' features does not reconstruct of an image is its anomaly (Ahuja et al.,
"Probabilistic Modeling of Deep Features for Out-of-Distribution and Adversarial Detection", arXiv 1909.11786; Ndiour et
al., "FRE: A Fast Method For Anomaly Detection And Segmentation"). Of a C×56×56 feature map, x holds the means in n×n
cells, all of them as one vector:

    z = (x − mean) / scale        Σ = V D Vᵀ + σ² I        r = σ² Σ⁻¹ z = z − V D (D + σ²)⁻¹ Vᵀ z

The columns of V are the principal components of the good images' z, D their variances; with σ² → 0, r is PCA's
reconstruction error. A fine grid's map, the local one, is |r_p|² / C at cell p. A coarse grid's cells each hold a part
of the product. There the map, the global one, tells how much a part contradicts the others: given these, z_p is
Gaussian with mean z_p − M_p⁻¹ r_p and covariance σ² M_p⁻¹, where M_p is the cell's block of σ² Σ⁻¹, so that the squared
Mahalanobis distance is r_pᵀ M_p⁻¹ r_p / C but for the factor σ².

What differs from those papers: the features are those of EfficientAD's teacher; one model joins all positions, and a
cell is judged by the other cells; all components shrink instead of some being dropped; two grids take the places of the
networks' two branches; `scale` draws each number's spread towards its channel's, which few images tell better.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Self

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from dfsc.errors import TrainingError
from dfsc.geometry import MAP_SIZE
from dfsc.models.networks import NetworkSize

MIN_IMAGES = 4
STORED = ("mean", "scale", "components", "shrinkage")
# A component's numbers as a byte each, and the smallest unit of these that float16 holds.
MOST_CODE, LEAST_STEP = 127, 2.0**-24
MOST_TILES = 256
FOLDS = 8  # of so few photographs or fewer each is left out alone
FLOOR_IMAGES = 60
LEAST_POOLING = 1e-4  # so that a number that never varies has a scale
NULL = 1e-6  # of the largest eigenvalue: components below it are rounding
RIDGE = 1e-4  # keeps a block of the precision matrix positive definite in float32's rounding


@dataclass(frozen=True)
class Grid:
    """How a branch looks at a feature map, and how its model is fitted.

    Attributes:
        cells: cells along each edge of the map, at most 56.
        noise: what components don't explain, σ², in shares of the mean of the covariance's eigenvalues that aren't 0.
        pooling: how far (0 to 1) a number's variance is replaced by the mean variance of its channel at all cells.
        conditional: whether a cell is measured by what the others leave uncertain of it, or by its residual alone.
        most: components at most.
    """

    cells: int
    noise: float
    pooling: float
    conditional: bool
    most: int

    def pooled(self, features: Tensor) -> Tensor:
        """Feature maps N×C×56×56 → their means in the cells, float32 N×C×cells×cells."""
        return F.adaptive_avg_pool2d(features.float(), self.cells)


LOCAL = Grid(cells=14, noise=0.03, pooling=1.0, conditional=False, most=64)
GLOBAL = Grid(cells=3, noise=0.2, pooling=0.5, conditional=True, most=160)


class GridModel(nn.Module):
    """One branch: a Gaussian of all cells together, its covariance V diag(variances) Vᵀ + σ² I in units of `scale`.

    Float32 buffers: mean and scale C×n×n, components q×C×n×n (the rows of Vᵀ, orthonormal, largest variance first),
    shrinkage q (variance / (variance + σ²), in [0, 1]). A compact model has components as int8, in units of `steps` q.
    """

    mean: Tensor
    scale: Tensor
    components: Tensor
    shrinkage: Tensor
    steps: Tensor | None

    def __init__(
        self,
        grid: Grid,
        mean: Tensor,
        scale: Tensor,
        components: Tensor,
        shrinkage: Tensor,
        steps: Tensor | None = None,
    ):
        super().__init__()
        self.grid = grid
        for name, tensor in zip(STORED, (mean, scale, components, shrinkage), strict=True):
            self.register_buffer(name, tensor)
        self.register_buffer("steps", steps)

    @classmethod
    def like(cls, grid: Grid, size: NetworkSize, shape: Sequence[int], compact: bool) -> "GridModel":
        """A model of zeros with components of a shape q×C×n×n; raises ValueError for one that is none."""
        if len(shape) != 4 or shape[1] != size.teacher_channels or shape[2] != shape[3] or not 0 < shape[2] <= MAP_SIZE:
            raise ValueError("components of another shape")
        components = torch.zeros(shape, dtype=torch.int8 if compact else torch.float32)
        zeros = (torch.zeros(shape[1:]), torch.ones(shape[1:]), components, torch.zeros(shape[0]))
        return cls(replace(grid, cells=shape[2]), *zeros, torch.zeros(shape[0]) if compact else None)

    def compact(self) -> "GridModel":
        """What a checkpoint keeps: components as int8, all else rounded to float16."""
        steps = _rounded(self.components.flatten(1).abs().amax(dim=1) / MOST_CODE).clamp_min(LEAST_STEP)
        codes = (self.components / steps[:, None, None, None]).round().clamp(-MOST_CODE, MOST_CODE).to(torch.int8)
        return GridModel(self.grid, _rounded(self.mean), _rounded(self.scale), codes, _rounded(self.shrinkage), steps)

    @cached_property
    def vectors(self) -> Tensor:
        """The components as float32."""
        return self.components if self.steps is None else self.components * self.steps[:, None, None, None]

    def forward(self, features: Tensor) -> Tensor:
        """Feature maps N×C×56×56 → maps N×56×56."""
        return self.maps(self.grid.pooled(features))

    def maps(self, pooled: Tensor) -> Tensor:
        """Pooled features N×C×n×n → maps N×56×56."""
        return enlarged(self.cells(pooled))

    def residual(self, pooled: Tensor) -> Tensor:
        """What the components leave of pooled features N×C×n×n, in units of `scale`: σ² Σ⁻¹ z."""
        z = ((pooled - self.mean) / self.scale).flatten(1)
        components = self.vectors.flatten(1)
        return (z - (z @ components.T * self.shrinkage) @ components).view_as(pooled)

    def cells(self, pooled: Tensor) -> Tensor:
        """Pooled features N×C×n×n → how much each cell contradicts the others, N×n×n (mean over channels)."""
        residual = self.residual(pooled)
        weighted = self._in_units_of_uncertainty(residual) if self.grid.conditional else residual
        return (residual * weighted).mean(dim=1)

    def _in_units_of_uncertainty(self, residual: Tensor) -> Tensor:
        return torch.einsum("pcd,ndp->ncp", self.certainties, residual.flatten(2)).view_as(residual)

    @cached_property
    def certainties(self) -> Tensor:
        """Of each cell n²×C×C: M_p⁻¹ with M_p the cell's block of σ² Σ⁻¹; a cell given all others has covariance
        σ² M_p⁻¹."""
        # In float64, which not every device has.
        own, shrinkage = self.vectors.flatten(2).permute(2, 1, 0).cpu().double(), self.shrinkage.cpu()
        identity = torch.eye(own.shape[1], dtype=own.dtype)
        blocks = [(1 + RIDGE) * identity - (cell * shrinkage) @ cell.T for cell in own]
        inverse = [torch.cholesky_inverse(torch.linalg.cholesky(block)) for block in blocks]
        return torch.stack(inverse).to(self.vectors)

    def _apply(self, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> Self:
        """What follows from the buffers is computed again where they are moved to."""
        for name in ("vectors", "certainties"):
            self.__dict__.pop(name, None)
        return super()._apply(fn, recurse)


def _rounded(tensor: Tensor) -> Tensor:
    return tensor.half().float()


def enlarged(maps: Tensor) -> Tensor:
    """Maps N×n×n → N×56×56, linear between the cells' centres."""
    return F.interpolate(maps[:, None], size=(MAP_SIZE, MAP_SIZE), mode="bilinear", align_corners=False)[:, 0]


def fit_grid(grid: Grid, pooled: Tensor) -> GridModel:
    """The Gaussian of pooled features N×C×n×n, by the eigenvectors of their N×N Gram matrix."""
    mean = pooled.mean(dim=0)
    scale = _scale(pooled - mean, grid.pooling)
    z = ((pooled - mean) / scale).flatten(1)
    values, vectors = torch.linalg.eigh((z @ z.T).double())
    spanned = (values > NULL * values[-1]).nonzero().flatten().flip(0)
    noise = grid.noise * values[spanned].mean()
    kept = spanned[: grid.most]
    basis = (vectors[:, kept] / values[kept].sqrt()).float().T @ z
    shrinkage = (values[kept] / (values[kept] + noise)).float()
    return GridModel(grid, mean, scale, basis.view(len(kept), *mean.shape), shrinkage)


def _scale(apart: Tensor, pooling: float) -> Tensor:
    """Spread of each number, drawn towards its channel's at all cells (C×n×n); of distances from the mean N×C×n×n."""
    own = apart.square().mean(dim=0)
    channel = own.mean(dim=(1, 2), keepdim=True)
    variance = torch.lerp(own, channel.expand_as(own), max(pooling, LEAST_POOLING))
    # A channel that never varies is left as it is.
    return torch.where(variance > 0, variance, torch.ones(())).sqrt()


def position_floor(count: int) -> float:
    """The floor for PositionScale.of on maps of that many photographs: of few, a place's spread is mostly noise."""
    return FLOOR_IMAGES / count


class ReconstructionModel(nn.Module):
    """Both branches of FRE; they take the teacher's output as it is, standardised by channel or not."""

    def __init__(self, local: GridModel, global_: GridModel):
        super().__init__()
        self.local, self.global_ = local, global_

    @classmethod
    def empty(cls, size: NetworkSize, tensors: Mapping[str, Tensor]) -> "ReconstructionModel":
        """A model that a checkpoint's tensors, named as in its state, fit into.

        Raises:
            KeyError, ValueError: when they are not those of such a model with a teacher of this size.
        """
        return cls(
            GridModel.like(LOCAL, size, tensors["local.components"].shape, "local.steps" in tensors),
            GridModel.like(GLOBAL, size, tensors["global_.components"].shape, "global_.steps" in tensors),
        )

    def compact(self) -> "ReconstructionModel":
        """What a checkpoint keeps of it."""
        return ReconstructionModel(self.local.compact(), self.global_.compact())

    def forward(self, images: Tensor, features: Tensor) -> tuple[Tensor, Tensor]:
        """Local and global map N×56×56 each, of the teacher's output N×C×56×56; the images themselves say no more."""
        return self.local(features), self.global_(features)

    def prepared(self, ready: Callable[[nn.Module], nn.Module]) -> "ReconstructionModel":
        """Itself: it has no networks, and its sums need float32."""
        return self.eval()


class TiledReconstruction(nn.Module):
    """A model for each tile of a large photograph, row by row; their maps beside one another are one map.

    `layout` is an int64 buffer: rows and columns.
    """

    layout: Tensor

    def __init__(self, tiles: Sequence[ReconstructionModel], layout: Sequence[int]):
        super().__init__()
        self.tiles = nn.ModuleList(tiles)
        self.register_buffer("layout", torch.tensor(list(layout), dtype=torch.int64))

    @classmethod
    def empty(cls, size: NetworkSize, tensors: Mapping[str, Tensor]) -> "TiledReconstruction":
        """As ReconstructionModel.empty."""
        rows, columns = map(int, tensors["layout"].flatten())
        if not 0 < rows * columns <= MOST_TILES or min(rows, columns) < 1:
            raise ValueError("no grid of tiles")
        of_tiles = (
            {name.removeprefix(f"tiles.{n}."): tensors[name] for name in tensors} for n in range(rows * columns)
        )
        return cls([ReconstructionModel.empty(size, of_tile) for of_tile in of_tiles], (rows, columns))

    def forward(self, images: Tensor, features: Tensor) -> tuple[Tensor, Tensor]:
        """Local and global map N×(56 rows)×(56 columns) each.

        The teacher's output is (N rows columns)×C×56×56, image by image and row by row.
        """
        of_tiles = [model(images, features[n :: len(self.tiles)]) for n, model in enumerate(self.tiles)]
        local, global_ = (self._beside(maps) for maps in zip(*of_tiles, strict=True))
        return local, global_

    def prepared(self, ready: Callable[[nn.Module], nn.Module]) -> "TiledReconstruction":
        """Itself: it has no networks, and its sums need float32."""
        return self.eval()

    def _beside(self, maps: tuple[Tensor, ...]) -> Tensor:
        rows, columns = self.layout.tolist()
        return torch.cat([torch.cat(maps[row * columns : (row + 1) * columns], dim=2) for row in range(rows)], dim=1)


class Photographs:
    """Good photographs as the model sees them: pooled features, of which any can be left out."""

    @torch.inference_mode()
    def __init__(self, features: Iterable[Tensor], local: Grid = LOCAL, global_: Grid = GLOBAL):
        """Args:
        features: one stack a photograph, taken one by one, so that they need not be in memory together: feature maps
            K×C×56×56, its own first, then those of its augmented copies, if any (equally many of each).

        Raises:
            TrainingError: for fewer than four photographs.
        """
        pooled = [(local.pooled(stack), global_.pooled(stack)) for stack in features]
        if len(pooled) < MIN_IMAGES:
            raise TrainingError(f"There are {len(pooled)} good photographs; FRE needs at least {MIN_IMAGES}.")
        self._grids = (local, global_)
        self._branches = [torch.stack(stacks) for stacks in zip(*pooled, strict=True)]

    def __len__(self) -> int:
        return len(self._branches[0])

    @torch.inference_mode()
    def model(self) -> ReconstructionModel:
        """The model of all of them."""
        return self._fitted(torch.ones(len(self), dtype=torch.bool))

    @torch.inference_mode()
    def unseen(
        self, features: Iterable[Tensor] | None = None, owners: Sequence[int] | None = None
    ) -> tuple[Tensor, Tensor]:
        """Local and global maps N×56×56 of photographs, by models that have not seen them.

        Each comes from a model of the others and their copies: of seven eighths of all photographs, or with up to
        eight of them of all others.

        Args:
            features: of other pictures instead of the photographs themselves, C×56×56 each.
            owners: to which photograph each of those belongs, which its model must not have seen.
        """
        asked = [branch[:, 0] for branch in self._branches]
        if features is not None:
            others = [[grid.pooled(one[None])[0] for grid in self._grids] for one in features]
            asked = [torch.stack(of_branch) for of_branch in zip(*others, strict=True)]
        owner = torch.arange(len(self)) if owners is None else torch.tensor(owners)
        fold = torch.arange(len(self)) % min(len(self), FOLDS)
        maps = torch.empty(len(asked), len(owner), MAP_SIZE, MAP_SIZE)
        for number in fold[owner].unique():
            rows = fold[owner] == number
            model = self._fitted(fold != number)
            for branch, (grid_model, pooled) in enumerate(zip((model.local, model.global_), asked, strict=True)):
                maps[branch, rows] = grid_model.maps(pooled[rows])
        return maps[0], maps[1]

    def _fitted(self, kept: Tensor) -> ReconstructionModel:
        branches = zip(self._grids, self._branches, strict=True)
        return ReconstructionModel(*(fit_grid(grid, stacks[kept].flatten(0, 1)) for grid, stacks in branches))
