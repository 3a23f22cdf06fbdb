#ifndef VIGIL_SERVER_OUTBOX_USUAL_URLS_H_
#define VIGIL_SERVER_OUTBOX_USUAL_URLS_H_

#include <string_view>

namespace vigil::outbox {

inline constexpr std::string_view kWecomUrl = "https://qyapi.weixin.qq.com/cgi-bin/webhook/send";
inline constexpr std::string_view kDingtalkUrl = "https://oapi.dingtalk.com/robot/send";

}  // namespace vigil::outbox

#endif  // VIGIL_SERVER_OUTBOX_USUAL_URLS_H_
