fn main() {
    println!("{}", time::precise_time_ns());
}
