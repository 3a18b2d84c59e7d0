#include "neuspec/problem.hpp"

#include <array>
#include <cmath>
#include <optional>
#include <string_view>

#include "neuspec/error.hpp"
#include "text/number.hpp"

namespace neuspec {
namespace {

struct NamedActivation {
  const char* name;
  Activation activation;
};

constexpr std::array<NamedActivation, 3> named_activations = {{
    {"relu", {0.09, 0.5, 0.47}},
    {"quadratic", {1, 0, 0}},
    {"linear", {0, 1, 0}},
}};

struct NamedLoss {
  const char* name;
  LossKind kind;
};

constexpr std::array<NamedLoss, 7> named_losses = {{
    {"squared", LossKind::squared},
    {"huber", LossKind::huber},
    {"absolute", LossKind::absolute},
    {"logistic", LossKind::logistic},
    {"squared_hinge", LossKind::squared_hinge},
    {"hinge", LossKind::hinge},
    {"softmax", LossKind::softmax},
}};
constexpr std::string_view huber_prefix = "huber:";

std::optional<Activation> parse_coefficients(std::string_view text) {
  const std::size_t first = text.find(',');
  const std::size_t second = first == std::string_view::npos ? first : text.find(',', first + 1);
  if (second == std::string_view::npos) {
    return std::nullopt;
  }
  const auto a = parse_number<double>(text.substr(0, first));
  const auto b = parse_number<double>(text.substr(first + 1, second - first - 1));
  const auto c = parse_number<double>(text.substr(second + 1));
  if (!a || !b || !c || !std::isfinite(*a) || !std::isfinite(*b) || !std::isfinite(*c)) {
    return std::nullopt;
  }
  return Activation{*a, *b, *c};
}

}  // namespace

Activation Activation::parse(const std::string& text) {
  for (const NamedActivation& known : named_activations) {
    if (text == known.name) {
      return known.activation;
    }
  }
  const std::optional<Activation> activation = parse_coefficients(text);
  if (!activation) {
    throw UsageError("activation '" + text + "': give relu, quadratic, linear or three finite numbers a,b,c for a·t² + b·t + c");
  }
  if (*activation == Activation{0, 0, 0}) {
    throw UsageError("activation '" + text + "': at least one of a, b, c must differ from 0");
  }
  return *activation;
}

std::string Activation::name() const {
  for (const NamedActivation& known : named_activations) {
    if (*this == known.activation) {
      return known.name;
    }
  }
  return format_number(a) + "," + format_number(b) + "," + format_number(c);
}

Loss Loss::parse(const std::string& text) {
  for (const NamedLoss& known : named_losses) {
    if (text == known.name) {
      return known.kind;
    }
  }
  if (text.starts_with(huber_prefix)) {
    const auto delta = parse_number<double>(std::string_view(text).substr(huber_prefix.size()));
    if (delta && *delta > 0 && std::isfinite(*delta)) {
      return {huber, *delta};
    }
  }
  throw UsageError("loss '" + text +
                   "': give squared, huber, huber:DELTA with a positive number, absolute, logistic, squared_hinge, hinge or softmax");
}

std::string Loss::name() const {
  if (kind == huber && delta != Loss().delta) {
    return std::string(huber_prefix) + format_number(delta);
  }
  for (const NamedLoss& known : named_losses) {
    if (kind == known.kind) {
      return known.name;
    }
  }
  throw UsageError("loss: not one of the enumeration's values");
}

bool Loss::classification() const { return kind == logistic || kind == squared_hinge || kind == hinge || kind == softmax; }

}  // namespace neuspec
