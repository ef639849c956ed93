"""Fit and scores on a published table: numbers of named programs."""

from __future__ import annotations

from adaptest.programme.verify.case import Case

# fmt: off
CASES: tuple[Case, ...] = (
    Case(
        id="mirt-test-LSAT6-1PL-M2",
        program="mirt",
        source="philchalmers/mirt tests/testthat/test-01-mirtOne.R",
        model="1PL equal slopes N(0,1)",
        data="LSAT6",
        expected={"M2": 5.292566, "df": 9},
        tolerance={"M2_abs": 0.01},
    ),
    Case(
        id="mirt-test-LSAT7-scores",
        program="mirt",
        source="philchalmers/mirt tests/testthat/test-01-mirtOne.R",
        model="2PL scoring",
        data="LSAT7",
        expected={"EAP_first6_patterns": [-1.8665957, -1.526692, -1.5134024, -1.1852276, -1.094683,
                 -0.7666992], "MAP_first6_patterns": [-1.8165552, -1.4946906, -1.4822982, -1.1789899,
                 -1.0958928, -0.7951026], "EAPsum": {"score": [0, 1, 2, 3, 4, 5], "theta": [-1.86979,
                 -1.431861, -0.9488463, -0.4131963, 0.1517289, 0.7271877], "se": [0.6927032, 0.6838697,
                 0.6942298, 0.7210951, 0.758772, 0.8009335], "observed": [12, 40, 114, 205, 321, 308],
                 "expected": [10.08994, 44.65882, 109.773, 207.7391, 319.1854, 308.5536],
                 "rxx": 0.4319948}},
        tolerance={"abs": 0.01},
    ),
    Case(
        id="mirt-test-LSAT7-itemfit",
        program="mirt",
        source="philchalmers/mirt tests/testthat/test-01-mirtOne.R",
        model="2PL item fit",
        data="LSAT7",
        expected={"S_X2": [4.74944, 14.451071, 1.270381, 5.2374, 0.941125], "df_S_X2": [2, 2, 2, 2, 2],
                 "Zh": [1.431838, 6.354917, 5.310844, 5.804449, 0.696139]},
        tolerance={"abs": 0.01},
    ),
    Case(
        id="mirt-test-LSAT7-M2",
        program="mirt",
        source="philchalmers/mirt tests/testthat/test-01-mirtOne.R",
        model="2PL M2",
        data="LSAT7",
        expected={"M2": 11.93841, "df": 5, "M2_Rasch": 5.291576, "df_Rasch": 9},
        tolerance={"abs": 0.01},
    ),
    Case(
        id="mirt-test-LSAT7-LD",
        program="mirt",
        source="philchalmers/mirt tests/testthat/test-01-mirtOne.R",
        model="2PL LD-X2 (lower triangle) and signed Cramer V (upper)",
        data="LSAT7",
        expected={"LD_X2": {"2,1": 0.451213, "3,1": 0.8562096, "4,1": 2.577395, "5,1": 2.392183,
                 "3,2": 1.053826, "4,2": 0.2662122, "5,2": 1.383089, "4,3": 0.1542321,
                 "5,3": 0.0029405, "5,4": 9.96e-06}},
        tolerance={"abs": 0.01},
    ),
)
# fmt: on
