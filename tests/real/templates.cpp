// Templates, for the compiler to work on.
#include <algorithm>
#include <functional>
#include <iostream>
#include <map>
#include <memory>
#include <regex>
#include <string>
#include <variant>
#include <vector>

template <int N> struct Power {
    static constexpr double of(double x) { return x * Power<N - 1>::of(x); }
};
template <> struct Power<0> {
    static constexpr double of(double) { return 1; }
};

using Value = std::variant<int, double, std::string>;

int main() {
    std::map<std::string, std::vector<Value>> values;
    values["a"] = {1, 2.5, std::string("three")};
    for (auto &[name, list] : values)
        for (auto &value : list) std::visit([&](auto &x) { std::cout << name << ' ' << x << '\n'; }, value);
    std::regex words("[a-z]+([0-9])");
    std::string text = "one1 two2 three3";
    for (std::sregex_iterator i(text.begin(), text.end(), words), end; i != end; ++i) std::cout << (*i)[1] << '\n';
    std::function<double(double)> f = Power<12>::of;
    auto shared = std::make_shared<std::vector<double>>(5, 1.5);
    std::transform(shared->begin(), shared->end(), shared->begin(), f);
    std::cout << shared->front() << '\n';
    try {
        values.at("b");
    } catch (const std::out_of_range &) {
        std::cout << "none\n";
    }
}
