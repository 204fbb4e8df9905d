//! What commands read of the answers (`spec/api.md` B6). Every field may be missing or of another type.

mod accounts;
mod archive;
mod change;
mod evaluation;
mod image;
mod notification;
mod policy;
mod query;
mod system;
mod watch;
mod work;

pub use accounts::{Account, AccountSettings, User};
pub use archive::{ArchiveResult, ArchiveRule, ArchivedImage, Exclude, RuleTransition, RulesRun, Selector};
pub use change::{Change, Changes};
pub use evaluation::{Check, Evaluation, EvaluationProblem, EvaluationRow};
pub use image::{
    AnalysisFailure, Content, ContentEntry, DeleteVerdict, Image, ImageContent, ImageDetail, ImageMetadata,
    MalwareFinding, Metadata, Vulnerabilities, Vulnerability,
};
pub use notification::{
    Channel, DeliveredNotice, Deliveries, Delivery, DeliveryAttempt, EndpointTest, Health, NotificationEndpoint,
};
pub use policy::{Gate, HubEntry, HubIndex, MappedImage, Mapping, Parameter, Part, Policy, PolicyBundle, Trigger};
pub use query::{PackageInImage, QueriedImage, QueriedImages, TagHistory};
pub use system::{
    AccountShare, ErrorCode, Feed, FeedGroup, FeedSync, GroupSync, Kept, Quota, Service, Storage, StorageForecast,
    StorageUse, SystemStatus,
};
pub use watch::{Event, EventRecord, Events, Registry, Resource, Source, Subscription};
pub use work::{Job, Jobs, Schedule};
