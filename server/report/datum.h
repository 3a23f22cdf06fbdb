#ifndef VIGIL_SERVER_REPORT_DATUM_H_
#define VIGIL_SERVER_REPORT_DATUM_H_

#include <optional>

#include "server/report/table.h"
#include "vigil/v1/common.pb.h"

namespace vigil::report {

// A position for a map, in WGS-84, which one without a datum is. One that was given in GCJ-02 is
// converted, by the formula that is publicly known, within a metre; outside of China both are the
// same. Nothing where the datum is none that we know.
std::optional<GeoPoint> ForMap(const v1::Position& position);

// What a phone in China would say of this place in GCJ-02.
GeoPoint ToGcj02(const GeoPoint& wgs84);

}  // namespace vigil::report

#endif  // VIGIL_SERVER_REPORT_DATUM_H_
