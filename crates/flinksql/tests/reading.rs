//! Statements as people write them.

use streamform_flinksql::{ColumnKind, ObjectKind, Place, ProblemKind, StatementKind, equivalent, parse};

fn names(list: &[streamform_flinksql::ObjectName]) -> Vec<String> {
    list.iter().map(ToString::to_string).collect()
}

#[track_caller]
fn one(sql: &str) -> streamform_flinksql::Statement {
    let script = parse(sql);
    assert_eq!(script.statements.len(), 1, "{sql}");
    assert_eq!(script.problems, vec![], "{sql}");
    script.statements.into_iter().next().unwrap()
}

#[track_caller]
fn reads(sql: &str, expected: &[&str]) {
    assert_eq!(names(&one(sql).reads), expected, "{sql}");
}

#[test]
fn kinds_and_targets() {
    use ObjectKind as O;
    use StatementKind as K;
    for (sql, kind, target) in [
        ("CREATE TABLE t (a INT)", K::CreateTable, "t"),
        (
            "create temporary table if not exists `my-cat`.db.t (a int)",
            K::CreateTable,
            "`my-cat`.db.t",
        ),
        ("CREATE TABLE t AS SELECT 1", K::CreateTableAs, "t"),
        (
            "CREATE OR REPLACE TABLE t WITH ('a' = 'b') AS SELECT 1",
            K::CreateTableAs,
            "t",
        ),
        (
            "CREATE MATERIALIZED TABLE m FRESHNESS = INTERVAL '1' MINUTE AS SELECT * FROM s",
            K::CreateMaterializedTable,
            "m",
        ),
        ("CREATE VIEW v (a) COMMENT 'c' AS SELECT 1", K::CreateView, "v"),
        (
            "CREATE FUNCTION f AS 'com.example.F' USING JAR 'confluent-artifact://cfa-1'",
            K::CreateFunction,
            "f",
        ),
        (
            "CREATE TEMPORARY SYSTEM FUNCTION f AS 'F'",
            K::CreateFunction,
            "f",
        ),
        (
            "CREATE MODEL m INPUT (a STRING) OUTPUT (b STRING) WITH ('x' = 'y')",
            K::CreateModel,
            "m",
        ),
        (
            "CREATE CONNECTION c WITH ('type' = 'OPENAI')",
            K::CreateConnection,
            "c",
        ),
        ("ALTER TABLE t SET ('a' = 'b')", K::Alter(O::Table), "t"),
        (
            "ALTER MATERIALIZED TABLE m SUSPEND",
            K::Alter(O::MaterializedTable),
            "m",
        ),
        ("DROP TABLE IF EXISTS t", K::Drop(O::Table), "t"),
        ("DROP TEMPORARY VIEW v", K::Drop(O::View), "v"),
        ("INSERT INTO t SELECT 1", K::InsertInto, "t"),
        (
            "INSERT OVERWRITE t PARTITION (d = '1') (a, b) VALUES (1, 2)",
            K::InsertInto,
            "t",
        ),
    ] {
        let statement = one(sql);
        assert_eq!(
            (statement.kind, names(&statement.targets)),
            (kind, vec![target.to_owned()]),
            "{sql}"
        );
    }
    for (sql, kind) in [
        ("SELECT 1", K::Select),
        ("WITH a AS (SELECT 1) SELECT * FROM a", K::Select),
        ("(SELECT 1) UNION ALL (SELECT 2)", K::Select),
        ("VALUES (1), (2)", K::Select),
        ("SHOW TABLES", K::Show),
        ("DESCRIBE EXTENDED t", K::Describe),
        ("EXPLAIN SELECT 1", K::Explain),
        ("USE CATALOG `my env`", K::Use),
        ("USE db", K::Use),
        ("SET 'sql.state-ttl' = '1 d'", K::Set),
        ("RESET 'x'", K::Reset),
        ("CALL p(1)", K::Call),
        ("ANALYZE TABLE t COMPUTE STATISTICS", K::Analyze),
        ("STOP JOB '1' WITH SAVEPOINT", K::Session),
    ] {
        assert_eq!(one(sql).kind, kind, "{sql}");
    }
    assert_eq!(one("SET 'k' = 'it''s'").setting.unwrap().value.unwrap(), "it's");
}

#[test]
fn tables_of_queries() {
    reads("SELECT a, b FROM t", &["t"]);
    reads("SELECT * FROM a, b AS x, `c d`.e.f", &["a", "b", "`c d`.e.f"]);
    reads(
        "SELECT * FROM a JOIN b ON a.x = b.x LEFT JOIN c USING (x), d",
        &["a", "b", "c", "d"],
    );
    reads(
        "SELECT * FROM (SELECT * FROM a WHERE x IN (SELECT y FROM b)) t",
        &["a", "b"],
    );
    reads("SELECT * FROM (a CROSS JOIN b)", &["a", "b"]);
    reads("SELECT * FROM a UNION ALL SELECT * FROM b", &["a", "b"]);
    reads(
        "SELECT * FROM a /*+ OPTIONS('scan.startup.mode'='earliest-offset') */ AS x",
        &["a"],
    );
    reads(
        "SELECT * FROM TABLE(TUMBLE(TABLE bids, DESCRIPTOR(ts), INTERVAL '1' HOUR)) GROUP BY a, b",
        &["bids"],
    );
    reads(
        "SELECT * FROM HOP(TABLE db.bids, DESCRIPTOR(ts), INTERVAL '1' HOUR, INTERVAL '2' HOUR)",
        &["db.bids"],
    );
    reads(
        "SELECT * FROM o JOIN r FOR SYSTEM_TIME AS OF o.ts AS r ON o.c = r.c",
        &["o", "r"],
    );
    reads("SELECT * FROM a CROSS JOIN UNNEST(a.tags) AS t (tag)", &["a"]);
    reads(
        "SELECT * FROM a, LATERAL TABLE(f(x)) AS T(y), LATERAL (SELECT * FROM b)",
        &["a", "b"],
    );
    reads(
        "SELECT * FROM a MATCH_RECOGNIZE (PARTITION BY x ORDER BY ts MEASURES A.y AS y PATTERN (A B) DEFINE B AS B.z > 1)",
        &["a"],
    );
    reads("TABLE t", &["t"]);
    reads("CREATE TABLE t LIKE s (INCLUDING ALL)", &["s"]);
    reads("INSERT INTO s (a, b) (SELECT x, y FROM t)", &["t"]);
    reads("SELECT * FROM t AS OF x", &["t"]);
}

#[test]
fn from_is_not_always_a_table() {
    reads(
        "SELECT EXTRACT(YEAR FROM ts), TRIM(BOTH 'x' FROM s), SUBSTRING(s FROM 2 FOR 3) FROM t",
        &["t"],
    );
    reads(
        "SELECT a IS DISTINCT FROM b, a IS NOT DISTINCT FROM c FROM t",
        &["t"],
    );
    reads("SELECT 'FROM x' AS y -- FROM z\n FROM /* FROM w */ t", &["t"]);
    reads(
        "SELECT COUNT(*) FILTER (WHERE a > 1), SUM(x) OVER (PARTITION BY y ORDER BY z, w) FROM t",
        &["t"],
    );
}

#[test]
fn names_of_with_are_not_tables() {
    reads(
        "WITH a AS (SELECT * FROM t), b AS (SELECT * FROM a) SELECT * FROM b, c",
        &["t", "c"],
    );
    reads(
        "WITH orders AS (SELECT * FROM orders) SELECT * FROM orders",
        &["orders"],
    );
    reads(
        "INSERT INTO s WITH a (x, y) AS (SELECT 1, 2 FROM t) SELECT * FROM a",
        &["t"],
    );
    reads("SELECT * FROM (WITH a AS (SELECT 1) SELECT * FROM a), a", &["a"]);
}

#[test]
fn statement_sets_are_one_statement() {
    let sql = "EXECUTE STATEMENT SET BEGIN\n INSERT INTO a SELECT CASE WHEN x THEN 1 END FROM t;\n INSERT INTO b SELECT * \
               FROM u, t;\nEND;\nSELECT 1;";
    let script = parse(sql);
    assert_eq!(script.problems, vec![]);
    assert_eq!(script.statements.len(), 2);
    let set = &script.statements[0];
    assert_eq!(set.kind, StatementKind::StatementSet);
    assert_eq!(
        (names(&set.targets), names(&set.reads)),
        (vec!["a".into(), "b".into()], vec!["t".into(), "u".into()])
    );
    let script = parse("BEGIN STATEMENT SET; INSERT INTO a SELECT 1; END");
    assert_eq!((script.statements.len(), script.problems.len()), (1, 0));
    assert!(!parse("EXECUTE STATEMENT SET BEGIN END").problems.is_empty());
    assert!(
        !parse("EXECUTE STATEMENT SET BEGIN SELECT 1; END")
            .problems
            .is_empty()
    );
}

#[test]
fn scripts_are_cut_at_semicolons() {
    let script = parse("SELECT ';' /* ; */ -- ;\n; ;\nSELECT `;`");
    let spans: Vec<&str> = script
        .statements
        .iter()
        .map(|s| s.span.of("SELECT ';' /* ; */ -- ;\n; ;\nSELECT `;`"))
        .collect();
    assert_eq!(spans, ["SELECT ';'", "SELECT `;`"]);
    assert!(parse(" -- nothing\n;").statements.is_empty());
}

#[test]
fn the_parts_of_create_table() {
    let statement = one("CREATE TABLE IF NOT EXISTS `orders` (
           `id` BIGINT NOT NULL COMMENT 'the id',
           price DECIMAL(10, 2),
           items ARRAY<ROW<sku STRING NOT NULL, n INT>>,
           tags MAP<STRING, INT ARRAY>,
           ts TIMESTAMP(3) WITH LOCAL TIME ZONE,
           total AS price * 2,
           h BYTES METADATA FROM 'headers' VIRTUAL,
           WATERMARK FOR ts AS ts - INTERVAL '5' SECOND,
           CONSTRAINT pk PRIMARY KEY (id) NOT ENFORCED
         ) COMMENT 'all orders'
         DISTRIBUTED BY HASH (`id`) INTO 4 BUCKETS
         PARTITIONED BY (price)
         WITH ('changelog.mode' = 'upsert', 'kafka.retention.time' = '7 d');");
    let table = statement.table.unwrap();
    assert!(table.if_not_exists && statement.conditional);
    let types: Vec<String> = table
        .columns
        .iter()
        .map(|column| match &column.kind {
            ColumnKind::Physical(kind) => format!("{} {kind}", column.name),
            ColumnKind::Computed => format!("{} computed", column.name),
            ColumnKind::Metadata {
                data_type,
                key,
                is_virtual,
            } => format!("{} {data_type} {key:?} {is_virtual}", column.name),
            ColumnKind::Named => format!("{} ?", column.name),
        })
        .collect();
    assert_eq!(
        types,
        [
            "id BIGINT NOT NULL",
            "price DECIMAL(10, 2)",
            "items ARRAY<ROW<sku STRING NOT NULL, n INT>>",
            "tags MAP<STRING, ARRAY<INT>>",
            "ts TIMESTAMP_LTZ(3)",
            "total computed",
            "h BYTES Some(\"headers\") true",
        ]
    );
    assert_eq!(table.columns[0].comment.as_deref(), Some("the id"));
    assert_eq!(table.primary_key, ["id"]);
    assert_eq!(table.watermark.as_deref(), Some("ts"));
    let distribution = table.distribution.clone().unwrap();
    assert_eq!(
        (distribution.columns, distribution.buckets),
        (vec!["id".to_owned()], Some(4))
    );
    assert_eq!(table.option("changelog.mode"), Some("upsert"));
    assert_eq!(table.partitioned_by, ["price"]);
    assert_eq!(table.comment.as_deref(), Some("all orders"));
    assert_eq!(
        one("CREATE TABLE t (a INT PRIMARY KEY NOT ENFORCED)")
            .table
            .unwrap()
            .primary_key,
        ["a"]
    );
}

#[test]
fn types_have_one_spelling() {
    for (written, printed) in [
        ("CHARACTER VARYING (20)", "VARCHAR(20)"),
        ("double precision not null", "DOUBLE NOT NULL"),
        ("NUMERIC(4,2)", "DECIMAL(4, 2)"),
        ("TIMESTAMP(6) WITHOUT TIME ZONE", "TIMESTAMP(6)"),
        ("ROW(a INT, b ROW<c STRING>)", "ROW<a INT, b ROW<c STRING>>"),
        ("INTERVAL DAY(3) TO SECOND(6)", "INTERVAL"),
        ("INT NULL", "INT"),
    ] {
        let table = one(&format!("CREATE TABLE t (a {written}, b INT)"))
            .table
            .unwrap();
        let ColumnKind::Physical(data_type) = &table.columns[0].kind else {
            panic!("{written}")
        };
        assert_eq!(
            (data_type.to_string().as_str(), table.columns.len()),
            (printed, 2)
        );
    }
}

#[test]
fn slips_are_told_with_their_place() {
    let problem = |sql: &str| {
        let problems = parse(sql).problems;
        let problem = problems
            .first()
            .unwrap_or_else(|| panic!("no problem in {sql}"))
            .clone();
        let place = Place::at(sql, problem.span.start);
        (problem.kind.to_string(), place.line, place.column)
    };
    assert_eq!(
        problem("SELEC 1"),
        ("no statement starts with \"SELEC\"".into(), 1, 1)
    );
    assert_eq!(
        problem("SELECT a,\n FROM t"),
        (
            "\"FROM\" stands where something after the comma is expected".into(),
            2,
            2
        )
    );
    assert_eq!(
        problem("SELECT * FROM"),
        ("the statement ends where a table is expected".into(), 1, 14)
    );
    assert_eq!(problem("SELECT FROM t").1, 1);
    assert_eq!(problem("SELECT 'a FROM t").0, "the string is not closed");
    assert_eq!(problem("SELECT (1").0, "'(' has no partner");
    assert_eq!(
        problem("INSERT INTO t").0,
        "the statement ends where a query is expected"
    );
    assert_eq!(
        problem("CREATE TABLE t (a INT,)").0,
        "the statement ends where the definition of a column is expected"
    );
    assert_eq!(
        problem("CREATE TABLE t (a INT) WITH ('x' 'y')").0,
        "\"'y'\" stands where an option of the form 'key' = 'value' is expected"
    );
    assert_eq!(
        problem("CREATE THING x").0,
        "\"THING\" stands where the kind of object to create is expected"
    );
    assert!(matches!(
        parse("SELECT a \\ b").problems[0].kind,
        ProblemKind::UnknownCharacter('\\')
    ));
}

#[test]
fn equal_texts() {
    for (a, b) in [
        ("SELECT a FROM t", "select  a\n from t ;"),
        ("SELECT a -- why\n FROM t", "SELECT a FROM /* x */ t"),
        ("SELECT `a` FROM `t`", "SELECT a FROM t"),
        (
            "CREATE TABLE t (a INT, PRIMARY KEY (a) NOT ENFORCED)",
            "create table t (a int, primary key (a) not enforced)",
        ),
        ("SELECT a != 1 FROM t", "SELECT a <> 1 FROM t"),
        (
            "SELECT * FROM t /*+ OPTIONS('a'='b') */",
            "SELECT * FROM t /*+  OPTIONS( 'a' = 'b' )*/",
        ),
        ("SELECT sum(a) FROM t", "SELECT SUM(a) FROM t"),
    ] {
        assert!(equivalent(a, b), "{a} ~ {b}");
    }
    for (a, b) in [
        ("SELECT a FROM t", "SELECT A FROM t"),
        ("SELECT 'a' FROM t", "SELECT 'A' FROM t"),
        ("SELECT a FROM t", "SELECT a FROM t LIMIT 1"),
        ("SELECT * FROM t /*+ OPTIONS('a'='b') */", "SELECT * FROM t"),
        (
            "SELECT * FROM t /*+ OPTIONS('a'='b') */",
            "SELECT * FROM t /*+ OPTIONS('a'='c') */",
        ),
        ("SELECT key FROM t", "SELECT KEY FROM t"),
        ("SELECT `select` FROM t", "SELECT select FROM t"),
        ("SELECT 1 FROM t", "SELECT 1.0 FROM t"),
        ("SELECT 'a", "SELECT  'a"),
    ] {
        assert!(!equivalent(a, b), "{a} !~ {b}");
    }
}
