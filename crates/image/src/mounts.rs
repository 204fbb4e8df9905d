//! Which folders of a running system are not files on a disk.

use std::collections::BTreeSet;

/// The mount points of pseudo filesystems in the text of `/proc/self/mountinfo`.
///
/// A `tmpfs` counts only where systems mount one of their own; elsewhere it may hold files somebody wants to know of.
pub(crate) fn pseudo_mounts(mountinfo: &[u8]) -> BTreeSet<Vec<u8>> {
    mountinfo.split(|byte| *byte == b'\n').filter_map(pseudo_mount).collect()
}

fn pseudo_mount(line: &[u8]) -> Option<Vec<u8>> {
    const SYSTEM: [&[u8]; 5] = [b"/run", b"/dev", b"/var/run", b"/var/lock", b"/sys"];
    let mut fields = line.split(|byte| *byte == b' ');
    let point = unescape(fields.nth(4)?);
    // Optional fields end at a dash.
    fields.find(|field| *field == b"-")?;
    let is_pseudo = match fields.next()? {
        b"proc" | b"procfs" | b"sysfs" | b"devfs" | b"devtmpfs" | b"udev" => true,
        b"tmpfs" => SYSTEM
            .iter()
            .any(|folder| point.strip_prefix(*folder).is_some_and(|rest| rest.is_empty() || rest[0] == b'/')),
        _ => false,
    };
    is_pseudo.then_some(point)
}

/// Blanks and backslashes are written as three octal digits behind a backslash.
fn unescape(field: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(field.len());
    let mut rest = field;
    while let Some((byte, after)) = rest.split_first() {
        if let (b'\\', [a @ b'0'..=b'3', b @ b'0'..=b'7', c @ b'0'..=b'7', after @ ..]) = (byte, after) {
            out.push((a - b'0') << 6 | (b - b'0') << 3 | (c - b'0'));
            rest = after;
        } else {
            out.push(*byte);
            rest = after;
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::pseudo_mounts;

    #[test]
    fn pseudo_filesystems_are_told_from_disks() {
        let mountinfo = b"\
22 28 0:21 / /proc rw,nosuid shared:14 - proc proc rw
23 28 0:22 / /sys rw shared:7 master:1 - sysfs sysfs rw
24 28 0:5 / /dev rw - devtmpfs udev rw
25 28 0:24 / /run/user/1000 rw - tmpfs tmpfs rw
26 28 0:25 / /tmp rw - tmpfs tmpfs rw
27 28 0:26 / /running rw - tmpfs tmpfs rw
28 1 8:1 / / rw - ext4 /dev/sda1 rw
29 28 0:27 / /mnt/a\\040b rw - proc proc rw
a line cut short
";
        let found: Vec<_> = pseudo_mounts(mountinfo).into_iter().map(|path| String::from_utf8(path).unwrap()).collect();
        assert_eq!(found, ["/dev", "/mnt/a b", "/proc", "/run/user/1000", "/sys"]);
    }
}
