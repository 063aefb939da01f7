use super::*;
use crate::value::Marks;
use crate::value::unify;

fn s(text: &str) -> Value {
    Value::string(text)
}

fn n(i: i64) -> Value {
    Value::number(i)
}

fn obj(items: &[(&str, Value)]) -> Value {
    Value::object(items.iter().map(|(k, v)| (Name::from(*k), v.clone())))
}

fn obj_ty(items: &[(&str, Type)]) -> Type {
    Type::object(items.iter().map(|(k, t)| (Name::from(*k), t.clone())))
}

fn why(value: &Value, ty: &Type) -> String {
    convert(value, ty).unwrap_err().to_string()
}

#[test]
fn primitives() {
    assert_eq!(convert(&n(5), &Type::String).unwrap(), s("5"));
    assert_eq!(convert(&Value::bool(true), &Type::String).unwrap(), s("true"));
    assert_eq!(
        convert(&s("1.50"), &Type::Number)
            .unwrap()
            .as_number()
            .unwrap()
            .to_string(),
        "1.5"
    );
    assert_eq!(convert(&s("1"), &Type::Bool).unwrap(), Value::bool(true));
    assert_eq!(why(&s("x"), &Type::Number), "a number is required");
    assert_eq!(why(&s("yes"), &Type::Bool), "a bool is required");
    assert_eq!(
        why(&s("True"), &Type::Bool),
        "a bool is required; to convert from string, use lowercase \"true\""
    );
    assert_eq!(why(&Value::bool(true), &Type::Number), "number required");
    assert_eq!(
        why(&n(1), &Type::list(Type::Any)),
        "list of any single type required"
    );
}

#[test]
fn tuples_become_collections() {
    let tuple = Value::tuple([s("b"), n(1), s("b")]);
    assert_eq!(
        convert(&tuple, &Type::list(Type::Any)).unwrap(),
        Value::list(Type::String, [s("b"), s("1"), s("b")])
    );
    assert_eq!(
        convert(&tuple, &Type::set(Type::String)).unwrap(),
        Value::set(Type::String, [s("1"), s("b")])
    );
    assert_eq!(
        convert(&Value::tuple([]), &Type::list(Type::String)).unwrap(),
        Value::list(Type::String, [])
    );
    let e = convert(&Value::tuple([s("1"), s("x")]), &Type::list(Type::Number)).unwrap_err();
    assert_eq!(
        (e.path.to_string().as_str(), e.message.as_str()),
        ("[1]", "a number is required")
    );
    assert_eq!(
        why(&Value::tuple([n(1), Value::tuple([])]), &Type::list(Type::Any)),
        "all list elements must have the same type"
    );
    assert_eq!(
        why(&Value::tuple([n(1), Value::tuple([])]), &Type::list(Type::String)),
        "element 1: string required"
    );
    assert_eq!(
        why(
            &Value::list(Type::Bool, [Value::bool(true)]),
            &Type::list(Type::Number)
        ),
        "incorrect list element type: number required"
    );
}

#[test]
fn objects() {
    let value = obj(&[("a", n(1)), ("b", s("x"))]);
    assert_eq!(
        convert(&value, &obj_ty(&[("a", Type::String)])).unwrap(),
        obj(&[("a", s("1"))])
    );
    assert_eq!(
        convert(&value, &Type::map(Type::Any)).unwrap(),
        Value::map(Type::String, [("a".into(), s("1")), ("b".into(), s("x"))])
    );
    assert_eq!(
        why(&value, &obj_ty(&[("a", Type::Bool)])),
        "attribute \"a\": bool required"
    );
    assert_eq!(
        why(
            &value,
            &obj_ty(&[("x", Type::Bool), ("y", Type::Bool), ("z", Type::Bool)])
        ),
        "attributes \"x\", \"y\", and \"z\" are required"
    );
    let optional = Type::Object(ObjectType::with_optional(
        [("a".into(), Type::Number), ("c".into(), Type::String)],
        ["c".into()],
    ));
    let filled = convert(&value, &optional).unwrap();
    assert_eq!(filled, obj(&[("a", n(1)), ("c", Value::null(Type::String))]));
    assert_eq!(filled.ty(), optional.without_optional());

    let map = Value::map(Type::String, [("a".into(), s("7"))]);
    assert_eq!(convert(&map, &optional).unwrap().get("a"), Some(&n(7)));
    assert_eq!(
        why(&map, &obj_ty(&[("q", Type::String)])),
        "map has no element for required attribute \"q\""
    );
}

#[test]
fn null_unknown_and_marks() {
    assert_eq!(
        convert(&Value::null(Type::Any), &Type::list(Type::String)).unwrap(),
        Value::null(Type::list(Type::String))
    );
    let unknown = Value::unknown_not_null(Type::tuple([Type::Number, Type::String]));
    // How many elements it will have is known.
    let list = convert(&unknown, &Type::list(Type::Any)).unwrap();
    assert_eq!(list.ty(), Type::list(Type::String));
    assert_eq!(list.items().map(<[Value]>::len), Some(2));
    assert!(!list.items().unwrap()[0].is_known());

    let secret = Value::tuple([n(1).with_marks(Marks::SENSITIVE), n(2)]);
    let list = convert(&secret, &Type::list(Type::String)).unwrap();
    assert!(list.marks().is_empty());
    assert!(list.items().unwrap()[0].is_sensitive());
    let set = convert(&secret, &Type::set(Type::String)).unwrap();
    assert!(set.is_sensitive());
}

#[test]
fn any_inside_elements_settles_on_one_type() {
    let ty = Type::list(obj_ty(&[("v", Type::Any)]));
    let value = Value::tuple([obj(&[("v", n(1))]), obj(&[("v", s("x"))])]);
    assert_eq!(
        convert(&value, &ty).unwrap().ty(),
        Type::list(obj_ty(&[("v", Type::String)]))
    );
}

#[test]
fn elements_of_different_kinds_settle_only_in_lists_and_maps() {
    let null_set = Value::null(Type::set(Type::Any));
    let mixed = Value::tuple([null_set, Value::tuple([s("a")])]);
    let lists = convert(&mixed, &Type::list(Type::Any)).unwrap();
    assert_eq!(lists.ty(), Type::list(Type::set(Type::String)));
    assert_eq!(
        why(&mixed, &Type::set(Type::Any)),
        "element types must all match for conversion to a collection"
    );
    // Not even there where that takes a type to be found out later.
    let sets = Value::tuple([
        Value::set(Type::empty_object(), [obj(&[])]),
        Value::tuple([n(1)]),
        Value::null(Type::list(Type::Any)),
    ]);
    assert!(convert(&sets, &Type::list(Type::Any)).is_err());
    // What has no type yet may turn out to fit nothing but another of its kind.
    let any = Value::unknown(Type::Any);
    assert!(
        convert(
            &Value::tuple([any.clone(), Value::tuple([])]),
            &Type::list(Type::Any)
        )
        .is_err()
    );
    assert!(convert(&Value::tuple([any.clone(), any.clone()]), &Type::list(Type::Any)).is_ok());
    assert_eq!(
        convert(&Value::tuple([any, n(1)]), &Type::list(Type::Any))
            .unwrap()
            .ty(),
        Type::list(Type::Number)
    );
}

#[test]
fn null_in_a_set_or_an_object_has_no_marks() {
    let secret = Value::null(Type::Any).with_marks(Marks::SENSITIVE);
    let two = Value::tuple([n(1), secret.clone()]);
    assert!(
        convert(&two, &Type::set(Type::Number))
            .unwrap()
            .deep_marks()
            .is_empty()
    );
    assert!(
        !convert(&two, &Type::list(Type::Number))
            .unwrap()
            .deep_marks()
            .is_empty()
    );
    let one = convert(&obj(&[("a", secret)]), &obj_ty(&[("a", Type::Number)])).unwrap();
    assert!(one.deep_marks().is_empty());
}

#[test]
fn unification() {
    use Type::*;
    let map = |t| Type::map(t);
    for (types, want) in [
        (vec![String, Number, Bool], Some(String)),
        (vec![Number, Bool], None),
        (vec![Any, String], Some(Any)),
        (
            vec![Type::tuple([Number]), Type::tuple([String])],
            Some(Type::tuple([String])),
        ),
        (
            vec![Type::tuple([Number]), Type::tuple([String, Bool])],
            Some(Type::list(String)),
        ),
        (
            vec![Type::list(Number), Type::tuple([String])],
            Some(Type::list(String)),
        ),
        (
            vec![Type::list(Number), Type::tuple([])],
            Some(Type::list(Number)),
        ),
        (
            vec![obj_ty(&[("a", Number)]), obj_ty(&[("b", String)])],
            Some(map(String)),
        ),
        (
            vec![obj_ty(&[("a", Number)]), obj_ty(&[("a", String)])],
            Some(obj_ty(&[("a", String)])),
        ),
        (vec![map(Number), obj_ty(&[("b", String)])], Some(map(String))),
        (vec![Type::tuple([]), Type::empty_object()], None),
        (
            vec![Type::set(Number), Type::list(Number)],
            Some(Type::list(Number)),
        ),
        (vec![], None),
    ] {
        assert_eq!(unify(&types), want, "{types:?}");
    }
    assert_eq!(unify_unsafe(&[Number, String]), Some(String));
    assert_eq!(unify_unsafe(&[Any, String]), Some(String));
}
