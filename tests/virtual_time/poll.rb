# Polls every three seconds until the task is done.
require "json"
require "net/http"

path = "/statusTask/#{ENV["POLLBENCH_MODEL"]}?taskId=#{ENV["POLLBENCH_TASK_ID"]}"
uri = URI(ENV["APIXO_BASE_URL"] + path)
request = Net::HTTP::Get.new(uri, "Authorization" => "Bearer any")
loop do
  answer = Net::HTTP.start(uri.host, uri.port, read_timeout: 10) { |http| http.request(request) }
  break if JSON.parse(answer.body)["data"]["state"] == "success"

  sleep 3
end
