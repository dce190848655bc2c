"""Units, the same wherever they are counted and told: 1 MB is a million bytes."""

KB, MB, GB = 10**3, 10**6, 10**9


def size(count: float) -> str:
    """Return a number of bytes as a person reads it: "340 bytes", "12 kB", "512 MB", "1.5 GB"."""
    if count < 10 * KB:
        return f"{count:,.0f} bytes"
    if count < MB:
        return f"{count / KB:,.0f} kB"
    return f"{count / MB:,.0f} MB" if count < GB else f"{count / GB:.1f} GB".replace(".0 GB", " GB")


def duration(minutes: int) -> str:
    """Return a number of minutes as a person reads it: "45 min", "2 h", "6 h 40 min"."""
    hours, left = divmod(minutes, 60)
    if not hours:
        return f"{left} min"
    return f"{hours} h {left} min" if left else f"{hours} h"
