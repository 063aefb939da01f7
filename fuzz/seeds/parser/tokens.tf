a = "\u0041${ "x" }${~ x ~}"
b = [
1,2,
3]
c{}
d "x" y {e=1}
# comment
/* c */ // d
