//! Every kind of package this program knows, one file each.
//!
//! To add one: write the file, add its line to [`all`]. Files whose format is shared (RFC 822 stanzas, ELF sections) live
//! in modules of their own beside the catalogers.

use crate::Registered;

mod alpm;
mod apk;
pub(crate) mod apk_installed;
mod bitnami;
mod bun_lock;
mod cargo_auditable;
mod cargo_lock;
mod classifiers;
mod composer;
mod conda;
mod deno_lock;
pub(crate) mod distro;
mod dotnet_deps;
mod dpkg;
pub(crate) mod dpkg_copyright;
pub(crate) mod dpkg_status;
mod elf_note;
mod executable;
mod gem;
mod gemfile_lock;
mod go_binary;
mod go_build_info;
mod go_linked_version;
mod go_mod;
mod homebrew;
mod introductions;
mod java;
mod java_jvm;
mod linux_kernel;
mod listing;
mod nix;
mod npm;
mod npm_lock;
mod os_release;
mod pages;
mod pe_binary;
mod pe_version;
mod pnpm_lock;
mod portage;
mod providers;
mod python;
mod python_egg;
mod python_lock;
mod rfc822;
pub(crate) mod rpm;
pub(crate) mod sqlite;
mod yaml;
mod yarn_lock;

/// What a single archive (a jar, an egg) may unfold to.
#[derive(Clone, Copy, Debug)]
pub struct ArchiveBudgets {
    /// Archives within archives.
    pub depth: usize,
    /// Entries of one archive.
    pub entries: usize,
    /// Bytes read out of one outermost archive, all that is nested in it included.
    pub bytes: u64,
}

impl Default for ArchiveBudgets {
    fn default() -> Self {
        Self { depth: 8, entries: 200_000, bytes: 2 << 30 }
    }
}

/// The place of the distribution's identification in [`all`]: it goes first, for the others ask it.
pub(crate) const DISTRO: usize = 0;

/// Every cataloger.
pub(crate) fn all(archives: &ArchiveBudgets) -> Vec<Registered> {
    vec![
        Registered::new(distro::DistroFiles),
        // Packages of distributions
        Registered::new(dpkg::Dpkg),
        Registered::new(apk::Apk),
        Registered::new(rpm::Rpm),
        Registered::new(alpm::Alpm),
        Registered::new(portage::Portage),
        Registered::new(nix::Nix),
        Registered::new(bitnami::Bitnami),
        Registered::new(conda::META),
        Registered::new(linux_kernel::LinuxKernel),
        Registered::new(homebrew::Homebrew),
        // Installed packages of languages
        Registered::new(python::PythonInstalled),
        Registered::new(python_egg::PythonEggs { budgets: *archives }),
        Registered::new(npm::NpmInstalled),
        Registered::new(gem::GemInstalled),
        Registered::new(java::JavaArchives { budgets: *archives }),
        Registered::new(java_jvm::JavaRuntimes),
        Registered::new(composer::INSTALLED),
        Registered::new(dotnet_deps::DEPS),
        Registered::new(dotnet_deps::PACKAGES_LOCK),
        // What projects declare
        Registered::new(npm_lock::LOCK),
        Registered::new(yarn_lock::LOCK),
        Registered::new(pnpm_lock::LOCK),
        Registered::new(bun_lock::LOCK),
        Registered::new(deno_lock::LOCK),
        Registered::new(python_lock::REQUIREMENTS),
        Registered::new(python_lock::TOML_LOCKS),
        Registered::new(python_lock::PIPFILE),
        Registered::new(gemfile_lock::LOCK),
        Registered::new(go_mod::MODULE_FILE),
        Registered::new(cargo_lock::LOCK),
        Registered::new(composer::LOCK),
        Registered::new(java::declared::POM),
        Registered::new(java::declared::GRADLE),
        // What executables say of themselves
        Registered::new(go_binary::GoBinaries),
        Registered::new(cargo_auditable::CargoAuditable),
        Registered::new(elf_note::ElfNotes),
        Registered::new(pe_binary::PeBinaries),
        Registered::new(classifiers::BinaryClassifiers::new()),
    ]
}
