//! What becomes of well-formed text.

use super::dump;
use crate::diag::FileId;
use crate::diag::Sources;
use crate::syntax::*;

/// One line for each argument of the text: name and dumped expression.
fn dumped(text: &str) -> String {
    let (file, diagnostics) = parse(FileId(0), text);
    assert!(diagnostics.is_empty(), "{text}: {diagnostics:?}");
    file.body
        .attributes
        .iter()
        .map(|a| format!("{}: {}\n", a.name.name, dump::expr(&a.expr)))
        .collect()
}

#[test]
fn literals() {
    insta::assert_snapshot!(dumped(
        "a = 1\nb = -2.50\nc = true\nd = null\ne = \"x\\n\\u00e9\\\"$${y}%%{z}$\"\nf = \"\"\ng = 12345678901234567890123\nh = 1e3\ni = <<E\n  x\n E\nj = \"e\\u0301\"\n"
    ));
}

#[test]
fn traversals() {
    insta::assert_snapshot!(dumped(
        "a = var.x\nb = a.b.c\nc = a.b[0].c\nd = a.b[\"k\"].c\ne = a.b[var.i].c\nf = data.a.b.c\ng = module.m.o.p\nh = module.m[0].o\ni = a.b.0.c\nj = a.b.*.c.d[0]\nk = a.b[*].c[0].d\nl = f(x.y).z\nm = [1][0]\nn = each.value.x\no = count.index\np = path.module\nq = self.x\nr = terraform.workspace\ns = (a.b).c\nt = a.b[*].c.*.d\nu = module.m\nv = module.m[\"a\"]\nw = ephemeral.a.b.c\nx = resource.a.b.c\ny = x[*][*]\nz = a.b[\"${c.d}\"]\n"
    ));
}

#[test]
fn an_index_behind_a_dot_may_be_any_number() {
    assert_eq!(
        dumped("a = x.02.y\nb = x.1e2\nc = x.*.007\n"),
        dumped("a = x.2.y\nb = x.100\nc = x.*.7\n")
    );
}

#[test]
fn references_that_name_nothing() {
    insta::assert_snapshot!(dumped(
        "a = var\nb = x\nc = each.other\nd = data.x\ne = module.m[0][1]\nf = a.b[-1]\ng = a.b[1.5]\nh = var[0]\ni = template.x\nj = a[0]\nk = count.x\n"
    ));
}

#[test]
fn operators() {
    insta::assert_snapshot!(dumped(
        "a = 1 + 2 * 3 - 4\nb = !a.b && -c.d == 3 || e.f\nc = a.b ? 1 : c.d ? 2 : 3\nd = (1 + 2) * 3\ne = a.b < 1 == true\nf = upper(\"x\", [1, 2]...)\ng = provider::a::b(1)\nh = [\n  1, # one\n  2,\n]\ni = { a = 1, (b.c) = 2, \"d\" : 3\n  e.f() = 1\n}\n".replace("\n  e.f() = 1\n", "").as_str()
    ));
}

#[test]
fn comprehensions() {
    insta::assert_snapshot!(dumped(
        "a = [for x in var.xs : x.y if x.z]\nb = { for k, v in var.m : k => v... }\nc = [for x in [for y in z.z : y] : { a = x }]\n"
    ));
}

#[test]
fn templates() {
    insta::assert_snapshot!(dumped(
        "a = \"x${var.a}y\"\nb = \"${var.a}\"\nc = \"a ${~ var.a ~} b\"\nd = \"%{ if var.a }yes%{ else }no%{ endif }\"\ne = \"%{ for k, v in var.m }${k}=${v},%{ endfor }\"\nf = \"${\"${var.a}\"}\"\ng = \"${var.a}${var.b}\"\nh = \"${ { a = 1 }.a }x\"\n"
    ));
}

#[test]
fn heredocs() {
    insta::assert_snapshot!(dumped(
        "a = <<EOT\n  x ${var.a}\nEOT\nb = <<-EOT\n    x\n\n      ${var.b}\n  \n    EOT\nc = <<-EOT\n  hello ${\"v\"}\nterraform\n    deep\n  EOT\nd = <<-EOT\n  %{ for x in var.xs ~}\n    ${x}\n  %{ endfor ~}\n  EOT\ne = [<<A\na\nA\n, <<B\nb\nB\n]\n"
    ));
    assert_eq!(dumped("a = <<E\r\nx\r\ny\r\nE\r\n"), "a: \"x\\r\\ny\\r\\n\"\n");
}

#[test]
fn limits_of_the_parser_inside_do_not_show() {
    let deep = format!("a = {}1{}\n", "[".repeat(150), "]".repeat(150));
    assert_eq!(
        dumped(&deep),
        format!("a: {}1{}\n", "[".repeat(150), "]".repeat(150))
    );
    let chain = format!("a = 0{}\n", " + 1 * 2".repeat(200));
    assert!(dumped(&chain).starts_with("a: (Add (Add (Add"));
    let conditionals = format!("a = {}0\n", "var.x == 1 ? 1 : ".repeat(150));
    assert!(dumped(&conditionals).starts_with("a: (? (Eq"));
    assert_eq!(
        dumped("a = { b = 1, b = 2, \"b\" = 3 }\n"),
        "a: {\"b\"=1 \"b\"=2 \"b\"=3}\n"
    );
    let items: String = (0..20_000).map(|i| format!("  k{i} = {i}\n")).collect();
    assert!(dumped(&format!("a = {{\n{items}}}\n")).len() > 200_000);
    assert!(dumped("a = 1e400\n").starts_with("a: 1"));
    assert_eq!(
        dumped("a = \"x\"- \"\"\nb = [for x in\"y\":\"z\"if\"t\"]\n"),
        "a: (Sub \"x\" \"\")\nb: (for x in \"y\" value \"z\" if \"t\")\n"
    );
    let lines = format!(
        "a = {}1{}\nb = \"${{\n1\n+\n2\n}}x\"\n",
        "(\n".repeat(40),
        "\n+\n2\n)".repeat(40)
    );
    assert!(dumped(&lines).starts_with("a: (parens (Add"));
    assert_eq!(
        dumped("a = (- # \u{e9} \"\n 1 /* [ */ / // x\n 2)\n"),
        "a: (parens (Div (Negate 1) 2))\n"
    );
    let sums = format!(
        "a = {}1{}\n",
        "(".repeat(40),
        " + 1 + 2 + 3 + 4 + 5 + 6 + 7)".repeat(40)
    );
    assert!(dumped(&sums).starts_with("a: (parens (Add"));
    let mixed = format!("a = {}1{}\n", "f([x[(-y.z[".repeat(20), "])]])".repeat(20));
    assert!(dumped(&mixed).starts_with("a: (f [(index x"));
    let not = format!("a = {}true\n", "!".repeat(150));
    assert!(dumped(&not).starts_with("a: (Not (Not"));
}

#[test]
fn spans_are_exact() {
    let text = "\u{feff}block \"l\u{e9}\" two {\n  a = foo.bar[0][\"k\"].x[*].y # c\n}\nb { c = f( x ,\"${ y }\") }\n";
    let mut sources = Sources::default();
    let id = sources.add("x.tf", text);
    let (file, d) = parse(id, text);
    assert!(d.is_empty(), "{d:?}");
    let block = &file.body.blocks[0];
    assert_eq!(sources.text(block.header), "block \"l\u{e9}\" two");
    assert_eq!(sources.text(block.labels[0].span), "\"l\u{e9}\"");
    assert_eq!(sources.text(block.body.end), "}");
    assert!(sources.text(block.span).ends_with("# c\n}"));
    let a = &block.body.attributes[0];
    assert_eq!(sources.text(a.span), "a = foo.bar[0][\"k\"].x[*].y");
    let ExprKind::Splat { source, each, marker } = &a.expr.kind else {
        panic!("{:?}", a.expr)
    };
    assert_eq!(sources.text(*marker), "[*]");
    assert_eq!(sources.text(each.span), "[*].y");
    let ExprKind::Traversal(t) = &source.kind else {
        panic!()
    };
    let steps: Vec<_> = t.steps.iter().map(|s| sources.text(s.span)).collect();
    assert_eq!(steps, [".bar", "[0]", "[\"k\"]", ".x"]);
    assert_eq!(sources.text(t.reference.as_ref().unwrap().span), "foo.bar[0]");
    let one = &file.body.blocks[1];
    assert_eq!(sources.text(one.body.span), " c = f( x ,\"${ y }\") ");
    let ExprKind::Call(call) = &one.body.attributes[0].expr.kind else {
        panic!()
    };
    assert_eq!(sources.text(call.name_span), "f");
    assert_eq!(sources.text(call.args[0].span), "x");
    assert_eq!(sources.text(call.args[1].span), "\"${ y }\"");
}

#[test]
fn excerpts_have_an_offset() {
    let (e, d) = parse_expression(FileId(3), "a.b + 1", 100);
    assert!(d.is_empty());
    assert_eq!(e.unwrap().span, crate::diag::Span::new(FileId(3), 100, 107));
    let (e, d) = parse_expression(FileId(3), "a +\n b )", 100);
    assert!(e.is_none());
    assert_eq!(d.iter().next().unwrap().subject.unwrap().start, 107);
    let (e, _) = parse_template(FileId(0), "x ${a.b}\n%{ if c.d }y%{ endif }$", 0);
    insta::assert_snapshot!(dump::expr(&e.unwrap()));
    let (e, _) = parse_template(FileId(0), "${a.b}", 0);
    assert_eq!(dump::expr(&e.unwrap()), "(wrap a.b <a.b +1>)");
    assert!(parse_traversal(FileId(0), "a.b[0].c", 0).is_ok());
    assert!(parse_traversal(FileId(0), "a.b + 1", 0).is_err());
}

#[test]
fn references_are_found() {
    let text = "a = [for k, v in var.m : \"${k}${local.x}%{ for y in v }${y}${data.a.b.c}%{ endfor }\" if f(each.key, v.z, bad)]\n";
    let (file, _) = parse(FileId(0), text);
    let expr = &file.body.attributes[0].expr;
    let mut found = Vec::new();
    expr.for_each_reference(&mut |r| found.push(r.subject.to_string()));
    assert_eq!(found, ["var.m", "local.x", "data.a.b", "each.key"]);
    assert_eq!(expr.bad_references().len(), 1);
    let mut calls = Vec::new();
    expr.for_each_call(&mut |c| calls.push(c.name.to_string()));
    assert_eq!(calls, ["f"]);
}

#[test]
fn simple_shapes_are_known() {
    let one = |t: &str| parse_expression(FileId(0), t, 0).0.unwrap();
    assert_eq!(one("\"x\"").as_literal_string(), Some("x"));
    assert_eq!(one("\"${x.y}\"").as_literal_string(), None);
    assert_eq!(one("string").as_keyword(), Some("string"));
    assert_eq!(one("true").as_keyword(), Some("true"));
    assert_eq!(one("a.b").as_keyword(), None);
    assert!(one("a.b[0]").as_static_traversal().is_some());
    assert!(one("a.b[c]").as_static_traversal().is_none());
}

proptest::proptest! {
    /// Short rows of operators are read by hcl-edit and long ones here, and both must read the same.
    #[test]
    fn operators_bind_alike_in_short_and_long_rows(
        row in proptest::collection::vec(
            (
                proptest::sample::select(vec!["+", "-", "*", "/", "%", "==", "!=", "<", ">", "<=", ">=", "&&", "||"]),
                proptest::sample::select(vec!["1", "-1", "a.b", "!c.d", "-a.b", "(1 + 2)", "f(x.y)", "\"s\"", "[1][0]"]),
            ),
            8,
        )
    ) {
        let text: String = row.iter().map(|(op, operand)| format!(" {op} {operand}")).collect();
        let short = dumped(&format!("a = 7{text}\n"));
        let long = dumped(&format!("a = 7{text} || z.z\n"));
        let short = short.trim_end().trim_start_matches("a: ");
        proptest::prop_assert_eq!(long, format!("a: (Or {short} z.z <z.z +1>)\n"));
    }
}

/// Plain references are read without hcl-edit; what is read must be the same, spans included.
#[test]
fn plain_references_are_read_as_others_are() {
    for text in [
        "a",
        "var.x",
        "a.b.c",
        "data.a-b.c_1",
        "each.value.x",
        "_a.B.c.d.e",
        "true.a",
        "null.b",
    ] {
        let read = |text: &str| {
            let (expr, diagnostics) = parse_expression(FileId(0), text, 0);
            assert!(diagnostics.is_empty(), "{text}: {diagnostics:?}");
            expr
        };
        let plain = read(text);
        // In a condition the whole goes through hcl-edit.
        let Some(ExprKind::Conditional(_, yes, _)) = read(&format!("{text} ? {text} : 0")).map(|e| e.kind)
        else {
            panic!("{text} in a condition");
        };
        let Some(ExprKind::Conditional(first, _, _)) = read(&format!("{text} ? 0 : 0")).map(|e| e.kind)
        else {
            panic!("{text} in a condition");
        };
        assert_eq!(
            plain.map(|e| format!("{e:?}")),
            Some(format!("{first:?}")),
            "{text}"
        );
        assert_eq!(dump::expr(&yes), dump::expr(&first), "{text}");
    }
}
