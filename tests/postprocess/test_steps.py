"""What each step promises."""

import numpy as np
import pytest

from postprocess import PostprocessError, Regions, StepUse, apply, find_regions, profile
from postprocess.colour import from_hex, luma, to_lab, to_linear
from postprocess.steps.match_palette import PALETTES

from .pictures import CREAM, fruit_on_paper

PICTURE, FRUIT = fruit_on_paper(64)
REGIONS = find_regions(PICTURE)
NOISE = np.random.RandomState(7).rand(40, 40, 3).astype(np.float32)
GREY = np.full((40, 40, 3), 0.5, np.float32)


def run(name, image=PICTURE, regions=REGIONS, **parameters):
    return apply(image, [StepUse(name, parameters=parameters)], lambda: regions)[0].image


def roughness(image):
    return float(np.abs(np.diff(image, axis=0)).mean() + np.abs(np.diff(image, axis=1)).mean())


# Filters


def test_blur_smooths_and_keeps_the_mean():
    assert roughness(run("gaussian_blur", NOISE, sigma=2.0)) < 0.3 * roughness(NOISE)
    assert run("gaussian_blur", NOISE, sigma=3.0).mean() == pytest.approx(NOISE.mean(), abs=1e-4)


def test_unsharp_mask_sharpens_edges_and_leaves_flat_pictures():
    assert roughness(run("unsharp_mask")) > 1.1 * roughness(PICTURE)
    assert np.allclose(run("unsharp_mask", GREY, amount=4.0), GREY, atol=1e-5)


def test_unsharp_mask_threshold_spares_faint_texture():
    faint = GREY + 0.004 * (NOISE - 0.5)
    assert np.allclose(run("unsharp_mask", faint, amount=3.0, threshold=0.01), faint, atol=1e-6)


@pytest.mark.parametrize("method", ["bilateral", "non-local means"])
def test_denoise_smooths_noise_and_keeps_edges(method):
    step_edge = np.repeat(np.where(np.arange(40) < 20, 0.2, 0.8)[None, :, None], 40, 0).repeat(3, 2)
    noisy = np.clip(step_edge + 0.03 * np.random.RandomState(0).standard_normal((40, 40, 3)), 0, 1).astype(np.float32)
    clean = run("denoise", noisy, method=method, strength=0.15)
    assert np.abs(clean - step_edge)[:, :17].std() < 0.7 * np.abs(noisy - step_edge)[:, :17].std()
    assert clean[:, 21].mean() - clean[:, 18].mean() > 0.5


def test_median_removes_a_speck_and_keeps_an_edge():
    image = GREY.copy()
    image[:, 20:] = 0.9
    speckled = image.copy()
    speckled[10, 10] = 1
    assert np.array_equal(run("median", speckled, radius=1), image)


def test_edges_draw_on_paper_and_nothing_on_a_flat_bright_picture():
    drawing = run("edges", mix=1.0)
    assert np.allclose(run("edges", np.ones_like(GREY), mix=1.0), from_hex("#f8f2e4"), atol=1e-3)
    outline = REGIONS.labels != np.roll(REGIONS.labels, 1, axis=1)
    assert luma(drawing)[outline].mean() < luma(drawing)[~FRUIT].mean() - 0.1


def test_pressure_darkens_the_drawing():
    means = [run("edges", mix=1.0, strength=strength).mean() for strength in (0.0, 0.5, 1.0, 3.0)]
    assert means == sorted(means, reverse=True) and means[0] > means[-1]


def test_grain_is_its_seed():
    same, again, other = (run("grain", GREY, seed=seed) for seed in (3, 3, 4))
    assert np.array_equal(same, again) and not np.array_equal(same, other)


@pytest.mark.parametrize("size", [0.0, 0.6, 2.0])
def test_grain_has_the_strength_asked_for(size):
    assert run("grain", GREY, amount=0.1, size=size).std() == pytest.approx(0.1, rel=0.1)


def test_grain_is_grey():
    grain = run("grain", GREY)
    assert np.allclose(grain, grain[..., :1], atol=1e-6)


def test_vignette_darkens_corners_only():
    result = run("vignette", GREY, amount=0.5, radius=0.3)
    assert result[20, 20] == pytest.approx(0.5) and result[0, 0] == pytest.approx(0.25, abs=1e-3)


# Segmentation


def test_overlay_tints_the_subject_alone():
    change = np.abs(run("overlay", what="subject") - PICTURE).max(-1)
    assert change[REGIONS.subject == 0].max() == 0
    assert change[REGIONS.subject == 1].mean() > 0.1


def test_overlay_gives_each_region_its_own_tint():
    flat = run("overlay", GREY, Regions(np.ones((40, 40), np.float32), np.arange(1600, dtype=np.int32).reshape(40, 40)
               // 200, np.zeros((8, 3), np.float32)), what="regions", strength=1.0)  # fmt: skip
    tints = np.unique(flat.reshape(-1, 3), axis=0)
    assert len(tints) == 8
    gaps = np.linalg.norm(tints[:, None] - tints[None], axis=-1)[~np.eye(8, dtype=bool)]
    assert gaps.min() > 0.1


def test_cut_out_is_opaque_on_the_fruit_and_clear_on_the_paper():
    alpha = apply(PICTURE, [StepUse("cut_out")], lambda: REGIONS)[0].alpha
    assert alpha is not None
    assert alpha[REGIONS.subject == 1].mean() > 0.9 and alpha[~FRUIT].mean() < 0.1


def test_cut_out_takes_the_paper_from_the_rim():
    stage = apply(PICTURE, [StepUse("cut_out", parameters={"feather": 1})], lambda: REGIONS)[0]
    assert stage.alpha is not None
    rim = (stage.alpha > 0.3) & (stage.alpha < 0.7)
    assert rim.any()
    paper = np.array(CREAM)
    assert np.linalg.norm(stage.image[rim] - paper, axis=1).mean() > np.linalg.norm(PICTURE[rim] - paper, axis=1).mean()


def test_blurring_the_ground_does_not_smear_the_fruit_over_it():
    blurred = run("blur_background", sigma=6.0)
    assert np.array_equal(blurred[REGIONS.subject == 1], PICTURE[REGIONS.subject == 1])
    assert np.abs(blurred[REGIONS.subject == 0] - CREAM).max() < 0.05


def test_dyeing_the_ground_keeps_its_shading():
    dyed = run("recolour_background", hue=210.0, saturation=0.5)
    ground = REGIONS.subject == 0
    assert (dyed[ground][:, 2] > dyed[ground][:, 0]).all()
    assert np.corrcoef(luma(dyed)[ground], luma(PICTURE)[ground])[0, 1] > 0.99
    assert np.allclose(dyed[REGIONS.subject == 1], PICTURE[REGIONS.subject == 1], atol=1e-6)


def test_another_ground():
    ground = REGIONS.subject == 0
    plain = run("replace_background", style="colour", colour="#204060", shadows=0.0)
    assert np.allclose(plain[ground], from_hex("#204060"), atol=1e-6)
    gradient = run("replace_background", style="gradient", colour="#000000", second="#ffffff", shadows=0.0)
    column = luma(gradient)[:, 0]
    assert column[0] < 0.01 and column[-1] > 0.99 and (np.diff(column) >= 0).all()
    assert np.allclose(plain[REGIONS.subject == 1], PICTURE[REGIONS.subject == 1], atol=1e-6)


def test_another_ground_keeps_shadows_if_asked():
    shaded = PICTURE.copy()
    shaded[50:, :20] *= np.float32(0.6)
    with_shadow = run("replace_background", shaded, style="colour", colour="#ffffff", shadows=1.0)
    assert luma(with_shadow)[58, 5] < 0.8 < 0.95 < luma(with_shadow)[5, 5]


@pytest.mark.parametrize("what", ["subject", "regions"])
def test_boundaries_lie_between_labels_and_nowhere_else(what):
    labels = REGIONS.labels if what == "regions" else (REGIONS.subject >= 0.5).astype(int)
    drawn = np.abs(run("boundaries", what=what, width=1.0) - PICTURE).max(-1) > 0.05
    near = np.zeros_like(drawn)
    for shift in (-2, -1, 0, 1, 2):
        for axis in (0, 1):
            near |= labels != np.roll(labels, shift, axis)
    assert drawn.any() and not (drawn & ~near).any()


def test_flat_regions_are_flat_and_keep_the_mean():
    flat = run("posterise_regions")
    for label in range(len(REGIONS.colours)):
        inside = REGIONS.labels == label
        assert np.ptp(flat[inside], axis=0).max() < 1e-6
        assert np.allclose(flat[inside][0], PICTURE[inside].mean(0), atol=1e-4)


# Colour


def test_one_stop_is_twice_the_light():
    dim = NOISE * np.float32(0.6)
    brighter = run("exposure", dim, stops=1.0)
    below = brighter < 0.99
    assert np.allclose(to_linear(brighter)[below], 2 * to_linear(dim)[below], rtol=1e-3)


def test_exposure_up_and_down_again_is_the_same():
    dim = NOISE * np.float32(0.5)
    assert np.allclose(run("exposure", run("exposure", dim, stops=0.8), stops=-0.8), dim, atol=1e-4)


def test_contrast_keeps_its_pivot_and_spreads_the_rest():
    assert np.allclose(run("contrast", GREY, amount=2.0, pivot=0.5), GREY)
    assert run("contrast", NOISE, amount=0.5).std() == pytest.approx(0.5 * NOISE.std(), rel=1e-3)
    assert np.ptp(run("contrast", NOISE, amount=0.0, pivot=0.3)) < 1e-6


def test_saturation_keeps_luma():
    muted = 0.3 + 0.3 * NOISE
    assert np.allclose(luma(run("saturation", muted, amount=1.5)), luma(muted), atol=1e-5)
    grey = run("saturation", NOISE, amount=0.0)
    assert np.allclose(grey, grey[..., :1], atol=1e-6)


@pytest.mark.parametrize("angle", [-180.0, -40.0, 25.0, 120.0])
def test_hue_keeps_luma_and_grey_and_turns_back(angle):
    muted = (0.45 + 0.1 * NOISE).astype(np.float32)
    turned = run("hue", muted, angle=angle)
    assert np.allclose(luma(turned), luma(muted), atol=1e-5)
    assert np.allclose(run("hue", turned, angle=-angle), muted, atol=1e-4)
    assert np.allclose(run("hue", GREY, angle=angle), GREY, atol=1e-5)


def test_warmer_is_redder_and_less_blue_and_pinker_is_less_green():
    warm, pink = run("temperature", GREY, temperature=60.0), run("temperature", GREY, temperature=0.0, tint=60.0)
    assert warm[0, 0, 0] > 0.5 > warm[0, 0, 2]
    assert pink[0, 0, 1] < 0.5 < min(pink[0, 0, 0], pink[0, 0, 2])


def test_gamma_and_its_inverse_cancel_and_ends_stay():
    assert np.allclose(run("gamma", run("gamma", NOISE, gamma=2.0), gamma=0.5), NOISE, atol=1e-3)
    ends = np.array([[[0, 0, 0], [1, 1, 1]]], np.float32)
    assert np.array_equal(run("gamma", ends, gamma=3.0), ends)


def test_automatic_levels_whiten_paper_and_use_the_range():
    dull = 0.3 + 0.4 * PICTURE
    levelled = run("auto_levels", dull)
    assert np.allclose(levelled[REGIONS.subject == 0].mean(0), 1, atol=0.03)
    assert np.ptp(luma(levelled)) > 1.5 * np.ptp(luma(dull))


def test_automatic_levels_keep_the_cast_if_asked():
    kept = run("auto_levels", 0.3 + 0.4 * PICTURE, neutralise=False, clip=0.0)[REGIONS.subject == 0].mean(0)
    assert kept[0] > kept[2] + 0.02


def test_local_contrast_brings_out_faint_texture():
    faint = (0.4 + 0.1 * NOISE).astype(np.float32)
    assert run("clahe", faint, clip=0.05, strength=1.0).std() > 1.5 * faint.std()


@pytest.mark.parametrize("palette", PALETTES)
def test_palette_colours_are_close_to_the_palette(palette):
    painted = to_lab(run("match_palette", palette=palette, strength=1.0)).reshape(-1, 3)
    paints = to_lab(np.stack([from_hex(colour) for colour in PALETTES[palette]]))
    assert painted[:, 1].min() > paints[:, 1].min() - 8 and painted[:, 1].max() < paints[:, 1].max() + 8
    assert painted[:, 2].min() > paints[:, 2].min() - 8 and painted[:, 2].max() < paints[:, 2].max() + 8


def test_a_picture_matched_to_itself_stays():
    assert np.abs(run("match_reference", profile=profile(PICTURE)) - PICTURE).max() < 1.5 / 255


def test_a_match_takes_over_mean_and_spread():
    muted = (0.4 + 0.2 * NOISE).astype(np.float32)
    colours = 0.5 + 0.1 * np.random.RandomState(9).standard_normal((40, 40, 3)) + [0.1, 0, -0.1]
    target = np.clip(colours, 0.1, 0.9).astype(np.float32)
    matched = to_lab(run("match_reference", muted, profile=profile(target))).reshape(-1, 3)
    wanted = to_lab(target).reshape(-1, 3)
    assert np.allclose(matched.mean(0), wanted.mean(0), atol=1)
    assert np.allclose(np.cov(matched.T), np.cov(wanted.T), rtol=0.2, atol=8)


def test_no_reference_no_change():
    assert np.array_equal(run("match_reference"), PICTURE)


def test_duotone_ends_are_its_inks():
    ends = np.array([[[0, 0, 0], [1, 1, 1]]], np.float32)
    inked = run("duotone", ends, dark="#102030", light="#f0e0d0")
    assert np.allclose(inked[0], [from_hex("#102030"), from_hex("#f0e0d0")], atol=1e-6)


@pytest.mark.parametrize("colours", [2, 5, 32])
def test_quantise_leaves_that_many_colours(colours):
    found = np.unique(run("quantise", NOISE, colours=colours).reshape(-1, 3), axis=0)
    assert len(found) == colours


def test_more_colours_are_closer_to_the_picture():
    errors = [float(((run("quantise", NOISE, colours=n) - NOISE) ** 2).mean()) for n in (2, 8, 32)]
    assert errors == sorted(errors, reverse=True)


@pytest.mark.parametrize("factor", ["2", "4"])
def test_resize_keeps_what_is_smooth(factor):
    smooth = run("gaussian_blur", NOISE, sigma=3.0)
    large = run("resize", smooth, factor=factor)
    n = int(factor)
    assert large.shape == (40 * n, 40 * n, 3)
    assert np.abs(large.reshape(40, n, 40, n, 3).mean((1, 3)) - smooth).max() < 0.01


def test_resize_refuses_what_would_not_fit():
    with pytest.raises(PostprocessError, match="resize: the picture would become 4 × 1028 pixels; at most 1024"):
        run("resize", np.zeros((257, 1, 3), np.float32), factor="4")
