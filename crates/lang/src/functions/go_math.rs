//! Logarithm and power, computed step by step as Go's `math` does, so that the last digit agrees with Terraform's.

/// `x` as a fraction from 0.5 to 1 and a power of two.
fn split(x: f64) -> (f64, i32) {
    if x == 0.0 || !x.is_finite() {
        return (x, 0);
    }
    let (x, shift) = if x.abs() < f64::MIN_POSITIVE {
        (x * (1u64 << 52) as f64, -52)
    } else {
        (x, 0)
    };
    let bits = x.to_bits();
    let exponent = ((bits >> 52) & 0x7ff) as i32 - 1022;
    let fraction = f64::from_bits(bits & !(0x7ff << 52) | 1022 << 52);
    (fraction, exponent + shift)
}

/// `fraction` times two to `exponent`.
fn scaled(fraction: f64, exponent: i64) -> f64 {
    let mut x = fraction;
    let mut left = exponent.clamp(-4000, 4000) as i32;
    // In steps, since two to the whole exponent may be out of range where the result is not.
    while left != 0 {
        let step = left.clamp(-1000, 1000);
        x *= f64::from_bits(((1023 + step) as u64) << 52);
        left -= step;
    }
    x
}

/// Natural logarithm, by the classic rational approximation of Sun's `fdlibm` (error below one unit in the last place).
pub(super) fn ln(x: f64) -> f64 {
    const LN2_HIGH: f64 = 6.931_471_803_691_238e-1;
    const LN2_LOW: f64 = 1.908_214_929_270_587_7e-10;
    const L: [f64; 7] = [
        0.666_666_666_666_673_5,
        0.399_999_999_994_094_2,
        0.285_714_287_436_623_9,
        0.222_221_984_321_497_84,
        0.181_835_721_616_180_5,
        0.153_138_376_992_093_73,
        0.147_981_986_051_165_86,
    ];
    if x.is_nan() || x <= 0.0 || x.is_infinite() {
        return x.ln();
    }
    let (mut fraction, mut exponent) = split(x);
    if fraction < std::f64::consts::FRAC_1_SQRT_2 {
        fraction *= 2.0;
        exponent -= 1;
    }
    let f = fraction - 1.0;
    let k = f64::from(exponent);
    let s = f / (2.0 + f);
    let s2 = s * s;
    let s4 = s2 * s2;
    let odd = s2 * (L[0] + s4 * (L[2] + s4 * (L[4] + s4 * L[6])));
    let even = s4 * (L[1] + s4 * (L[3] + s4 * L[5]));
    let r = odd + even;
    let half = 0.5 * f * f;
    k * LN2_HIGH - ((half - (s * (half + r) + k * LN2_LOW)) - f)
}

/// `x` to the power `y`: by squaring for the whole part of `y`, by logarithm for the rest.
pub(super) fn pow(x: f64, y: f64) -> f64 {
    let easy = x == 0.0
        || x == 1.0
        || y == 0.0
        || !x.is_finite()
        || !y.is_finite()
        || y.abs() == 0.5
        || (x < 0.0 && y.fract() != 0.0)
        || y.abs() >= (1u64 << 62) as f64;
    if easy {
        return if y == 0.5 && x > 0.0 {
            x.sqrt()
        } else if y == -0.5 && x > 0.0 {
            1.0 / x.sqrt()
        } else {
            x.powf(y)
        };
    }
    if y == 1.0 {
        return x;
    }
    let (mut whole, mut rest) = (y.abs().trunc(), y.abs().fract());
    let mut result = 1.0;
    if rest != 0.0 {
        if rest > 0.5 {
            rest -= 1.0;
            whole += 1.0;
        }
        result = (rest * ln(x)).exp();
    }
    let (mut base, base_exponent) = split(x);
    let mut base_exponent = i64::from(base_exponent);
    let mut exponent = 0i64;
    let mut left = whole as u64;
    while left != 0 {
        if base_exponent.abs() > 1 << 12 {
            // Far out of range in either direction.
            exponent += base_exponent;
            break;
        }
        if left & 1 == 1 {
            result *= base;
            exponent += base_exponent;
        }
        base *= base;
        base_exponent <<= 1;
        if base < 0.5 {
            base += base;
            base_exponent -= 1;
        }
        left >>= 1;
    }
    if y < 0.0 {
        result = 1.0 / result;
        exponent = -exponent;
    }
    scaled(result, exponent)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_digit_is_gos() {
        assert_eq!(ln(27.0) / ln(3.0), 3.000_000_000_000_000_4);
        assert_eq!(ln(8.0) / ln(2.0), 3.0);
        assert_eq!(pow(2.0, 100.0), 2f64.powi(100));
        assert_eq!(pow(10.0, -2.0), 0.01);
        assert_eq!(pow(1.5, 2.0), 2.25);
        assert_eq!(pow(-2.0, 3.0), -8.0);
        assert_eq!(pow(10.0, 400.0), f64::INFINITY);
        assert_eq!(pow(10.0, -400.0), 0.0);
        assert_eq!(pow(2.0, -1074.0), f64::from_bits(1));
    }

    #[test]
    fn close_to_the_machine() {
        for i in 1..500 {
            let x = f64::from(i) * 0.37;
            assert!((ln(x) - x.ln()).abs() <= x.ln().abs() * 1e-15 + 1e-16, "{x}");
            assert!((pow(x, 2.7) - x.powf(2.7)).abs() <= x.powf(2.7) * 1e-13, "{x}");
        }
    }
}
