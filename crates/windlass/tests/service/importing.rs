//! What our own program found in an image is handed over, and serves like an analysis of the service.

use crate::{place::Place, tour::Tour};

#[test]
fn an_image_that_was_analysed_in_a_pipeline_is_imported() {
    let Some(place) = Place::new("all") else { return };
    let windlass = || {
        let mut command = place.windlass("");
        command.env("COLUMNS", "400");
        command
    };
    let mut tour = Tour::new(&place, &windlass);
    let noted = "anchore.system/import_operation_id";
    tour.step("image import {big} --annotation team=red", 0, &["Full Tag: {big}", "team=red", noted]);
    tour.step("image wait {big} --timeout 120 --interval 1", 0, &["Analysis Status: analyzed", "Distro: debian"]);
    tour.step("image content {big} os", 0, &["openssl"]);
    tour.step("image content {big} npm", 0, &["lodash", "4.17.15"]);
    tour.step("image vuln {big} os", 0, &["CVE-2099-0001"]);
    tour.step("image vuln {big} non-os", 0, &["GHSA-p6mc-m468-83gw"]);
    tour.step("evaluate check {big}", 1, &["Status: fail", "Full Tag: {big}"]);
    tour.step("image import {big} --tag shop/web:2", 0, &["shop/web:2", "Analysis Status: analyzed"]);
    tour.step("system webhook test", 2, &["Cannot send webhook, no URL configured"]);
    tour.end();
}
