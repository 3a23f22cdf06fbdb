#include "server/report/datum.h"

#include <cmath>
#include <optional>

#include "gtest/gtest.h"

namespace vigil::report {
namespace {

constexpr double kMetresPerDegree = 111320;

v1::Position PositionOf(const GeoPoint& point, v1::Datum datum) {
  v1::Position position;
  position.set_longitude(point.longitude);
  position.set_latitude(point.latitude);
  position.set_datum(datum);
  return position;
}

double MetresBetween(const GeoPoint& a, const GeoPoint& b) {
  const double east = (a.longitude - b.longitude) * std::cos(a.latitude * 3.14159265 / 180);
  return std::hypot(east, a.latitude - b.latitude) * kMetresPerDegree;
}

TEST(DatumTest, WhatWasGivenInWgs84IsShownAsItIs) {
  const GeoPoint shenzhen{.longitude = 114.06, .latitude = 22.55};
  for (const v1::Datum datum : {v1::DATUM_WGS84, v1::DATUM_UNSPECIFIED}) {
    const std::optional<GeoPoint> shown = ForMap(PositionOf(shenzhen, datum));
    ASSERT_TRUE(shown);
    EXPECT_EQ(shown->longitude, shenzhen.longitude);
    EXPECT_EQ(shown->latitude, shenzhen.latitude);
  }
  EXPECT_FALSE(ForMap(PositionOf(shenzhen, static_cast<v1::Datum>(99))));
}

// The example by which the library coordtransform documents itself.
TEST(DatumTest, TheShiftIsTheOneThatIsKnown) {
  const GeoPoint square{.longitude = 116.404, .latitude = 39.915};
  const GeoPoint shifted = ToGcj02(square);
  EXPECT_NEAR(shifted.longitude, 116.410244, 2e-6);
  EXPECT_NEAR(shifted.latitude, 39.916404, 2e-6);
}

TEST(DatumTest, WhatAPhoneGaveInGcj02ComesBackWithinAMetre) {
  for (double longitude = 75; longitude < 135; longitude += 3.7) {
    for (double latitude = 18; latitude < 53; latitude += 2.3) {
      const GeoPoint there{.longitude = longitude, .latitude = latitude};
      const GeoPoint given = ToGcj02(there);
      EXPECT_GT(MetresBetween(there, given), 10);
      const std::optional<GeoPoint> shown = ForMap(PositionOf(given, v1::DATUM_GCJ02));
      ASSERT_TRUE(shown);
      EXPECT_LT(MetresBetween(there, *shown), 1);
    }
  }
}

TEST(DatumTest, ElsewhereBothAreTheSame) {
  const GeoPoint berlin{.longitude = 13.4, .latitude = 52.5};
  EXPECT_EQ(ForMap(PositionOf(berlin, v1::DATUM_GCJ02))->longitude, berlin.longitude);
}

}  // namespace
}  // namespace vigil::report
