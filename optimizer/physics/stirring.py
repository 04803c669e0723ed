"""What the wall does to a front: the last stretch of a pipe as stirred tanks in series.

Water and wall exchange heat at a finite rate, so that a sharp front that enters a pipe leaves it
blurred. The exchange with a wall of capacity C_w per metre through a film h delays heat by
C_w L / (m cp) on average with a variance of 2 (C_w L / (m cp)) tau, tau = C_w / (h pi d) (the first
two moments of Schumann's solution). The mean is in the plugs' mass; the variance is given by three
equal tanks at the outlet, each of a mass M with 3 M^2 = m^2 times the variance. As h grows nearly
with the flow, M hardly depends on it: it is a constant of the pipe. Three tanks also have the
skewness of the exchange in pipes of some 1,000 diameters.

The tanks are not a state of their own: each step stirs what lies nearest to the outlet and puts it
back. Where a step moves many times their mass, their effect within the step is no longer seen and
they are left out.

Sources: T. E. W. Schumann, J. Franklin Inst. 208 (1929) 405, doi 10.1016/S0016-0032(29)91186-8;
F. W. Dittus, L. M. K. Boelter (1930), reprinted in Int. Commun. Heat Mass Transfer 12 (1985) 3,
doi 10.1016/0735-1933(85)90003-X.
"""

import math

import numpy as np

from optimizer.model.arrays import FloatArray
from optimizer.physics.compiled import inlined
from optimizer.physics.plugs import Row, append, merge_first, merge_last, prepend
from optimizer.physics.water import REFERENCE_CP_J_KG_K, density_kg_m3, viscosity_pa_s

TANKS = 3
# The tanks hold at most this share of what a pipe holds.
LARGEST_SHARE = 0.6
# Where a step moves more tanks than this, they are left out.
UNSEEN_TANKS = 4.0
# Flow that the film is reckoned for in a network: moderate, in a pipe of middling temperature.
FILM_VELOCITY_M_S = 0.5
FILM_TEMP_C = 60.0
STEEL_CONDUCTIVITY_W_M_K = 50.0


def stirred_mass_kg(
    length_m: FloatArray,
    diameter_m: FloatArray,
    wall_m: FloatArray,
    wall_j_m_k: FloatArray,
    velocity_m_s: float = FILM_VELOCITY_M_S,
    water_c: float = FILM_TEMP_C,
) -> FloatArray:
    """Mass of each of the stirred tanks at the outlet of a pipe.

    Args:
        length_m: Lengths, m, shape (pipes,).
        diameter_m: Inner diameters, m, shape (pipes,).
        wall_m: Wall thicknesses, m, shape (pipes,).
        wall_j_m_k: Heat capacity of the wall, J/(m K), shape (pipes,).
        velocity_m_s: Velocity that the film is reckoned for, m/s.
        water_c: Temperature that it is reckoned for, degC.

    Returns:
        Masses, kg, shape (pipes,).
    """
    density = density_kg_m3(water_c)
    film_m2k_w = 1.0 / film_w_m2_k(diameter_m, velocity_m_s, water_c)
    # On average heat has a third of the wall's thickness to cross.
    across_m2k_w = wall_m / (3.0 * STEEL_CONDUCTIVITY_W_M_K)
    tau_s = wall_j_m_k * (film_m2k_w + across_m2k_w) / (np.pi * diameter_m)
    area = np.pi / 4.0 * diameter_m**2
    flow_kg_s = density * velocity_m_s * area
    variance = 2.0 * flow_kg_s * tau_s * wall_j_m_k * length_m / REFERENCE_CP_J_KG_K
    most = LARGEST_SHARE / TANKS * density * area * length_m
    mass: FloatArray = np.minimum(np.sqrt(variance / TANKS), most)
    return mass


def film_w_m2_k(diameter_m: FloatArray, velocity_m_s: float, water_c: float) -> FloatArray:
    """Heat transfer between turbulent water and a pipe's wall.

    Args:
        diameter_m: Inner diameters, m, shape (pipes,).
        velocity_m_s: Velocity, m/s.
        water_c: Water temperature, degC.

    Returns:
        Heat transfer coefficient, W/(m2 K), shape (pipes,); that of laminar flow where larger.

    Source: Dittus and Boelter, see above; conductivity of water linear between 0.57 W/(m K) at
    0 degC and 0.68 W/(m K) at 100 degC.
    """
    viscosity = viscosity_pa_s(water_c)
    conductivity = 0.57 + 0.0011 * water_c
    reynolds = density_kg_m3(water_c) * velocity_m_s * diameter_m / viscosity
    prandtl = viscosity * REFERENCE_CP_J_KG_K / conductivity
    nusselt = np.maximum(0.023 * reynolds**0.8 * prandtl**0.4, 3.66)
    film: FloatArray = nusselt * conductivity / diameter_m
    return film


@inlined
def is_worth_stirring(stirred_kg: float, moved: float) -> bool:
    """Whether a step is short enough for the tanks to be seen.

    Args:
        stirred_kg: Mass of a tank, kg.
        moved: Mass that the step moves, kg.

    Returns:
        False for steps that move many tanks, and for pipes without any.
    """
    return moved < UNSEEN_TANKS * stirred_kg


@inlined
def draw_tank(
    contents: Row,
    pipe: int,
    stirred_kg: float,
    forward: bool,
    decay: float,
    ground: float,
    tank_d: FloatArray,
    taken_d: FloatArray,
    used: int,
) -> tuple[float, float]:
    """Take a tank's mass from the outlet end of a pipe and stir it; it cools for the step.

    Args:
        contents: Plugs in the pipes.
        pipe: Which pipe.
        stirred_kg: Mass to take, kg, less than there is.
        forward: Whether the outlet is the drawn end.
        decay: Exponent of the cooling in a step.
        ground: Enthalpy of water at the ground's temperature, J/kg.
        tank_d: Receives the derivatives of the enthalpy, shape (directions,).
        taken_d: Working memory, shape (directions,).
        used: Number of directions carried along.

    Returns:
        Enthalpy of the tank, J/kg, and the heat it loses, J.
    """
    ring = contents.size.shape[0] - 1
    taken = 0.0
    heat = 0.0
    tank_d[:used] = 0.0
    taken_d[:used] = 0.0
    while stirred_kg - taken > 1e-13 * stirred_kg and contents.filled[pipe] > 0:
        last = contents.head[pipe] + (contents.filled[pipe] - 1 if forward else 0)
        plug = last & ring
        enthalpy = contents.enthalpy[plug, pipe]
        whole = contents.size[plug, pipe] <= stirred_kg - taken
        part = contents.size[plug, pipe] if whole else stirred_kg - taken
        for d in range(used):
            part_d = contents.size_d[plug, pipe, d] if whole else -taken_d[d]
            tank_d[d] += part_d * enthalpy + part * contents.enthalpy_d[plug, pipe, d]
            taken_d[d] += part_d
            if not whole:
                contents.size_d[plug, pipe, d] -= part_d
        taken += part
        heat += part * enthalpy
        if whole:
            contents.filled[pipe] -= 1
            if not forward:
                contents.head[pipe] = (contents.head[pipe] + 1) & ring
        else:
            contents.size[plug, pipe] -= part
    fade = math.exp(-decay)
    above = heat / stirred_kg - ground
    for d in range(used):
        tank_d[d] *= fade / stirred_kg
    return ground + above * fade, stirred_kg * above * (1.0 - fade)


@inlined
def stir(
    contents: Row,
    leaving: Row,
    pipe: int,
    moved: float,
    moved_d: FloatArray,
    stirred_kg: float,
    tank: float,
    tank_d: FloatArray,
    forward: bool,
    used: int,
) -> None:
    """Pass what leaves a pipe through one tank, and put the tank back at the outlet end.

    Args:
        contents: Plugs in the pipes.
        leaving: Pieces that leave each pipe; each gets the mean of what leaves the tank meanwhile.
        pipe: Which pipe.
        moved: Mass that leaves in the step, kg.
        moved_d: Its derivatives, shape (directions,).
        stirred_kg: Mass of the tank, kg.
        tank: Enthalpy of the tank, J/kg.
        tank_d: Its derivatives, shape (directions,), changed.
        forward: Whether the outlet is the drawn end.
        used: Number of directions carried along.
    """
    for piece in range(leaving.filled[pipe]):
        share = leaving.size[piece, pipe]
        arriving = leaving.enthalpy[piece, pipe]
        changes = share * moved / stirred_kg
        rest = math.exp(-changes)
        mean = -math.expm1(-changes) / changes if changes > 1e-9 else 1.0
        slope = (rest - mean) / changes if changes > 1e-4 else -0.5 + changes / 3.0
        above = tank - arriving
        leaving.enthalpy[piece, pipe] = arriving + above * mean
        tank = arriving + above * rest
        for d in range(used):
            changes_d = leaving.size_d[piece, pipe, d] * moved + share * moved_d[d]
            changes_d /= stirred_kg
            arriving_d = leaving.enthalpy_d[piece, pipe, d]
            above_d = tank_d[d] - arriving_d
            leaving.enthalpy_d[piece, pipe, d] = (
                arriving_d + above_d * mean + above * slope * changes_d
            )
            tank_d[d] = arriving_d + above_d * rest - above * rest * changes_d
    if forward:
        slot = append(contents, pipe, stirred_kg, tank, used)
    else:
        slot = prepend(contents, pipe, stirred_kg, tank, used)
    for d in range(used):
        contents.size_d[slot, pipe, d] = 0.0
        contents.enthalpy_d[slot, pipe, d] = tank_d[d]
    if forward:
        merge_last(contents, pipe, used)
    else:
        merge_first(contents, pipe, used)
