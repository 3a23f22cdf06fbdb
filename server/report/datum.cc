#include "server/report/datum.h"

#include <cmath>
#include <numbers>

namespace vigil::report {
namespace {

using std::numbers::pi;

// Of the Krasovsky ellipsoid: the semi-major axis in metres and the eccentricity squared.
constexpr double kAxis_m = 6378245.0;
constexpr double kEccentricity2 = 0.00669342162296594323;
// The rectangle in which the shift is applied.
constexpr double kWest = 72.004, kEast = 137.8347, kSouth = 0.8293, kNorth = 55.8271;
constexpr int kSteps = 6;

bool IsShifted(const GeoPoint& point) {
  return point.longitude > kWest && point.longitude < kEast && point.latitude > kSouth &&
         point.latitude < kNorth;
}

// The waves that both formulas share.
double Waves(double x) {
  return (20.0 * std::sin(6.0 * x * pi) + 20.0 * std::sin(2.0 * x * pi)) * 2.0 / 3.0;
}

double NorthShift(double x, double y) {
  double shift = -100.0 + 2.0 * x + 3.0 * y + 0.2 * y * y + 0.1 * x * y +
                 0.2 * std::sqrt(std::fabs(x)) + Waves(x);
  shift += (20.0 * std::sin(y * pi) + 40.0 * std::sin(y / 3.0 * pi)) * 2.0 / 3.0;
  shift += (160.0 * std::sin(y / 12.0 * pi) + 320.0 * std::sin(y * pi / 30.0)) * 2.0 / 3.0;
  return shift;
}

double EastShift(double x, double y) {
  double shift =
      300.0 + x + 2.0 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * std::sqrt(std::fabs(x)) + Waves(x);
  shift += (20.0 * std::sin(x * pi) + 40.0 * std::sin(x / 3.0 * pi)) * 2.0 / 3.0;
  shift += (150.0 * std::sin(x / 12.0 * pi) + 300.0 * std::sin(x / 30.0 * pi)) * 2.0 / 3.0;
  return shift;
}

}  // namespace

GeoPoint ToGcj02(const GeoPoint& wgs84) {
  if (!IsShifted(wgs84)) return wgs84;
  const double x = wgs84.longitude - 105.0;
  const double y = wgs84.latitude - 35.0;
  const double radians = wgs84.latitude / 180.0 * pi;
  const double magic = 1 - kEccentricity2 * std::sin(radians) * std::sin(radians);
  const double root = std::sqrt(magic);
  const double north =
      NorthShift(x, y) * 180.0 / (kAxis_m * (1 - kEccentricity2) / (magic * root) * pi);
  const double east = EastShift(x, y) * 180.0 / (kAxis_m / root * std::cos(radians) * pi);
  return {.longitude = wgs84.longitude + east, .latitude = wgs84.latitude + north};
}

std::optional<GeoPoint> ForMap(const v1::Position& position) {
  const GeoPoint given{.longitude = position.longitude(), .latitude = position.latitude()};
  if (position.datum() == v1::DATUM_UNSPECIFIED || position.datum() == v1::DATUM_WGS84)
    return given;
  if (position.datum() != v1::DATUM_GCJ02) return std::nullopt;
  // The shift has no inverse in closed form; each step brings the guess nearer.
  GeoPoint guess = given;
  for (int i = 0; i < kSteps; ++i) {
    const GeoPoint there = ToGcj02(guess);
    guess.longitude += given.longitude - there.longitude;
    guess.latitude += given.latitude - there.latitude;
  }
  return guess;
}

}  // namespace vigil::report
