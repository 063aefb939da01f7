//! Types as the console shows them: `type(…)`.

use streamform_lang::value::Type;

/// The type, a line for each attribute and each element of a tuple, four blanks a level.
pub fn type_text(ty: &Type) -> String {
    let mut out = String::new();
    write(&mut out, ty, 0);
    out
}

fn write(out: &mut String, ty: &Type, level: usize) {
    match ty {
        Type::Any => out.push_str("dynamic"),
        Type::String => out.push_str("string"),
        Type::Number => out.push_str("number"),
        Type::Bool => out.push_str("bool"),
        Type::List(elem) => collection(out, "list", elem, level),
        Type::Set(elem) => collection(out, "set", elem, level),
        Type::Map(elem) => collection(out, "map", elem, level),
        Type::Tuple(items) if items.is_empty() => out.push_str("tuple([])"),
        Type::Tuple(items) => {
            out.push_str("tuple([");
            for item in items.iter() {
                line(out, level + 1);
                write(out, item, level + 1);
                out.push(',');
            }
            line(out, level);
            out.push_str("])");
        }
        Type::Object(object) if object.attributes().is_empty() => out.push_str("object({})"),
        Type::Object(object) => {
            out.push_str("object({");
            for (name, ty) in object.attributes() {
                line(out, level + 1);
                // A name that steers the terminal must not do so from here.
                super::value_text::printable(out, name);
                out.push_str(": ");
                write(out, ty, level + 1);
                out.push(',');
            }
            line(out, level);
            out.push_str("})");
        }
    }
}

/// A structural element type stands on lines of its own.
fn collection(out: &mut String, kind: &str, elem: &Type, level: usize) {
    out.push_str(kind);
    out.push('(');
    if matches!(elem, Type::Tuple(_) | Type::Object(_)) {
        line(out, level + 1);
        write(out, elem, level + 1);
        out.push(',');
        line(out, level);
    } else {
        write(out, elem, level);
    }
    out.push(')');
}

fn line(out: &mut String, level: usize) {
    out.push('\n');
    out.extend(std::iter::repeat_n("    ", level));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shows_types_as_terraform_console_does() {
        let ty = Type::object([
            ("a".into(), Type::list(Type::object([("b".into(), Type::Number)]))),
            ("c".into(), Type::set(Type::Any)),
            (
                "d".into(),
                Type::tuple([Type::map(Type::list(Type::Bool)), Type::tuple([])]),
            ),
            ("e".into(), Type::list(Type::object([]))),
        ]);
        insta::assert_snapshot!(type_text(&ty), @r"
        object({
            a: list(
                object({
                    b: number,
                }),
            ),
            c: set(dynamic),
            d: tuple([
                map(list(bool)),
                tuple([]),
            ]),
            e: list(
                object({}),
            ),
        })
        ");
    }
}
