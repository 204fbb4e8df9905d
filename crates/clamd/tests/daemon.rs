//! A real clamd with a database of two signatures of our own.

use std::{
    fs,
    path::Path,
    process::{Child, Command, Stdio},
    sync::Arc,
    thread,
    time::Duration,
};

use windlass_analysis::{Analysers, Options, analyse_image};
use windlass_clamd::{Address, Clamd};
use windlass_image::testing::{Tar, image};

/// Ends the daemon with the test.
struct Daemon {
    child: Child,
    folder: tempfile::TempDir,
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Starts a clamd that knows the EICAR test file and one word; `None`, said aloud, where there is no clamd.
fn start() -> Option<Daemon> {
    let Some(program) = ["/usr/sbin/clamd", "/usr/local/sbin/clamd"].into_iter().find(|path| Path::new(path).exists())
    else {
        windlass_testing::skipped("there is no clamd", "it is in Debian's package clamav-daemon");
        return None;
    };
    let folder = tempfile::tempdir().expect("a folder");
    let database = folder.path().join("database");
    fs::create_dir(&database).expect("a folder");
    let write = |name: &str, text: &str| fs::write(database.join(name), text).expect("written");
    write("test.hdb", "44d88612fea8a8f36de82e1278abb02f:68:Eicar-Test-Signature\n");
    write("test.ndb", "Test.Word:0:*:77696e646c6173732d746573742d6d616c77617265\n");
    let configuration = format!(
        "Foreground yes\nDatabaseDirectory {}\nLocalSocket {}\nStreamMaxLength 1M\n",
        database.display(),
        socket(folder.path()).display(),
    );
    let file = folder.path().join("clamd.conf");
    fs::write(&file, configuration).expect("written");
    let mut command = Command::new(program);
    command.arg("-c").arg(&file).stdout(Stdio::null()).stderr(Stdio::null());
    Some(Daemon { child: command.spawn().expect("clamd starts"), folder })
}

fn socket(folder: &Path) -> std::path::PathBuf {
    folder.join("clamd.sock")
}

fn connect(daemon: &Daemon) -> Clamd {
    let address = Address::Unix(socket(daemon.folder.path()));
    for _ in 0..300 {
        match Clamd::connect(address.clone(), windlass_clamd::Options::default()) {
            Ok(clamd) => return clamd,
            Err(_) => thread::sleep(Duration::from_millis(100)),
        }
    }
    panic!("clamd does not answer within 30 s");
}

/// The test file of EICAR, put together here, so that no scanner finds it in this repository.
fn eicar() -> String {
    [r"X5O!P%@AP[4\PZX54(P^)7CC)7}", "$EICAR-STANDARD-", "ANTIVIRUS-TEST-FILE!$H+H*"].concat()
}

#[test]
fn a_real_daemon_finds_what_is_in_the_final_image() {
    let Some(daemon) = start() else { return };
    let clamd = connect(&daemon);
    let lower = Tar::new().file("hidden", eicar()).file("bin/word", "a windlass-test-malware in the middle");
    let upper = Tar::new()
        .whiteout("hidden")
        .file("opt/eicar.com", eicar())
        .file("opt/clean", "nothing")
        .file("opt/large", vec![7_u8; 3 << 20]);
    let analysers = Analysers { malware: Some(Arc::new(clamd)), ..Analysers::default() };
    let image = image(vec![lower.gzip(), upper.gzip()]);
    let sbom = analyse_image(&image, &Options { analysers, ..Options::default() }).expect("analysed").sbom;
    let [scan] = sbom.inspection.malware_scans.as_slice() else { panic!("{:?}", sbom.inspection) };
    assert_eq!(scan.scanner, "clamav");
    assert!(scan.metadata["engine_version"].starts_with("ClamAV "), "{:?}", scan.metadata);
    let found: Vec<_> = scan.findings.iter().map(|found| (found.path.as_str(), found.signature.as_str())).collect();
    let expected = [("/bin/word", "Test.Word.UNOFFICIAL"), ("/opt/eicar.com", "Eicar-Test-Signature.UNOFFICIAL")];
    assert_eq!(found, expected);
    let [unknown] = sbom.unknowns.as_slice() else { panic!("{:?}", sbom.unknowns) };
    assert_eq!(unknown.path, "/opt/large");
    assert_eq!(unknown.reason, "clamd did not scan it: INSTREAM size limit exceeded");
}
