//! Databases and directories.

use crate::catalogers::classifiers::classifier::{Classifier, FileName::Is, row};

const MYSQL: &[(&str, &str)] = &[("oracle", "mysql")];
const MYSQL_SERVER: &[(&str, &str)] = &[("oracle", "mysql"), ("oracle", "mysql_server")];
const CLUSTER: &[(&str, &str)] = &[("oracle", "mysql_cluster")];
const REDIS: &[(&str, &str)] = &[("redislabs", "redis"), ("redis", "redis")];

pub(super) const ROWS: &[Classifier] = &[
    row("redis-binary", Is("redis-server"), r"Redis version (?:=)?{v}", "redis", REDIS),
    row("redis-binary", Is("redis-server"), r"[^0-9.]{v}(?:buildkitsandbox|[0-9a-f]{12})-[0-9]{10,24}", "redis", REDIS),
    row(
        "valkey-binary",
        Is("valkey-server"),
        r"[^0-9.]{v}(?:buildkitsandbox|[a-z][a-z0-9]{1,40})-[0-9]{10,24}",
        "valkey",
        &[("lfprojects", "valkey"), ("linuxfoundation", "valkey"), ("valkey-io", "valkey")],
    ),
    row(
        "postgresql-binary",
        Is("postgres"),
        r"PostgreSQL (?P<version>[0-9]{1,2}(?:\.[0-9]{1,3}){1,2}(?:(?:alpha|beta|rc)[0-9])?|[0-9]{1,2}(?:alpha|beta|rc)[0-9])[ \x00]",
        "postgresql",
        &[("postgresql", "postgresql")],
    ),
    row(
        "mysql-binary",
        Is("mysql"),
        r"percona-server-{v}",
        "percona-server",
        &[("oracle", "mysql"), ("percona", "percona_server")],
    ),
    row(
        "mysql-binary",
        Is("mysql"),
        r"Percona-XtraDB-Cluster-{v}",
        "percona-xtradb-cluster",
        &[("oracle", "mysql"), ("percona", "percona_server"), ("percona", "xtradb_cluster")],
    ),
    row("mysql-binary", Is("mysql"), r"/mysql-{v}", "mysql", MYSQL),
    row("mysql-binary", Is("mysql"), r"shutdown\x00{v}\x00", "mysql", MYSQL),
    // Until 8.0 the cluster counted its own versions beside the server's: 5.7.33-ndb-7.5.21.
    row(
        "mysqld-mysql-cluster-legacy-binary",
        Is("mysqld"),
        r"cluster-gpl\x00{v}-ndb-[0-9]",
        "mysql-server",
        MYSQL_SERVER,
    ),
    row("mysqld-binary", Is("mysqld"), r"mysql-cluster-gpl-{v}", "mysql-cluster", CLUSTER),
    row("mysqld-binary", Is("mysqld"), r"[0-9]-ndb-{v}", "mysql-cluster", CLUSTER),
    row("mysqld-binary", Is("mysqld"), r"/mysql-{v}/", "mysql-server", MYSQL_SERVER),
    row("ndbd-binary", Is("ndbd"), r"mysql-cluster-gpl-{v}", "mysql-cluster", CLUSTER),
    row("ndbmtd-binary", Is("ndbmtd"), r"mysql-cluster-gpl-{v}", "mysql-cluster", CLUSTER),
    row("ndb_mgmd-binary", Is("ndb_mgmd"), r"mysql-cluster-gpl-{v}", "mysql-cluster", CLUSTER),
    row(
        "xtrabackup-binary",
        Is("xtrabackup"),
        r"percona-xtrabackup-(?P<version>[0-9]+\.[0-9]+\.[0-9]+(?:-[0-9]{1,3})?)",
        "percona-xtrabackup",
        &[("percona", "xtrabackup")],
    ),
    row("mariadb-binary", Is("mariadb"), r"[^0-9]{v}-MariaDB", "mariadb", &[("mariadb", "mariadb")]),
    row("mariadb-binary", Is("mariadb"), r"/mariadb-{v}", "mariadb", &[("mariadb", "mariadb")]),
    row("mariadb-binary", Is("mysql"), r"[^0-9]{v}-MariaDB", "mariadb", &[("mariadb", "mariadb")]),
    row(
        "mongodb-binary",
        Is("mongod"),
        r"(?:empty\(\)|ServerParameterDocuments)\x00{v+}\x00",
        "mongodb",
        &[("mongodb", "mongodb")],
    ),
    row(
        "mongodb-binary",
        Is("mongod"),
        r"\x00{v+}\x00(?:tcmalloc|cppdefines|heap_size)\x00",
        "mongodb",
        &[("mongodb", "mongodb")],
    ),
    row(
        "arangodb-binary",
        Is("arangosh"),
        r"\x00(?P<version>[0-9]\.[0-9]{1,2}\.[0-9]{1,3}(?:-[0-9]{1,2})?)(?: enterprise)? \[linux\]",
        "arangodb",
        &[("arangodb", "arangodb")],
    ),
    row("memcached-binary", Is("memcached"), r"memcached {v}", "memcached", &[("memcached", "memcached")]),
    row("sqlcipher-binary", Is("sqlcipher"), r"community\x00{v}\x00", "sqlcipher", &[("zetetic", "sqlcipher")]),
    row(
        "openldap-search-binary",
        Is("ldapsearch"),
        r"\$OpenLDAP: ldapsearch {v}",
        "openldap",
        &[("openldap", "openldap")],
    ),
];
