//! What came of the cases, for people and for the test report of a CI system.

use std::{
    io::{self, Write},
    path::Path,
};

use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};
use windlass_sbom::printable;

use super::Tested;

pub(super) fn table(tested: &[Tested], out: &mut dyn Write) -> io::Result<()> {
    let (mut passed, mut failed, mut broken) = (0, 0, 0);
    for case in tested {
        let name = printable(&case.name);
        match &case.result {
            Ok(differences) if differences.is_empty() => {
                passed += 1;
                writeln!(out, "passed  {name}")?;
            }
            Ok(differences) => {
                failed += 1;
                writeln!(out, "FAILED  {name}")?;
                differences.iter().try_for_each(|difference| writeln!(out, "        {}", printable(difference)))?;
            }
            Err(error) => {
                broken += 1;
                writeln!(out, "ERROR   {name}\n        {}", printable(&format!("{error:#}")))?;
            }
        }
    }
    writeln!(out, "\n{passed} passed, {failed} failed, {broken} could not be tried")
}

pub(super) fn junit(file: &Path, tested: &[Tested], out: &mut dyn Write) -> io::Result<()> {
    let mut suite = TestSuite::new(file.display().to_string());
    for case in tested {
        let status = |kind, text: String| {
            let mut status = TestCaseStatus::non_success(kind);
            status.set_message(printable(&text).into_owned());
            status
        };
        let status = match &case.result {
            Ok(differences) if differences.is_empty() => TestCaseStatus::success(),
            Ok(differences) => status(NonSuccessKind::Failure, differences.join("; ")),
            Err(error) => status(NonSuccessKind::Error, format!("{error:#}")),
        };
        suite.add_test_case(TestCase::new(printable(&case.name).into_owned(), status));
    }
    let mut report = Report::new("windlass policy test");
    report.add_test_suite(suite);
    report.serialize(out).map_err(io::Error::other)
}
