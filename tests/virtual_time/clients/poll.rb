# Net::HTTP.
require "json"
require "net/http"

path = "/statusTask/#{ENV["POLLBENCH_MODEL"]}?taskId=#{ENV["POLLBENCH_TASK_ID"]}"
uri = URI(ENV["APIXO_BASE_URL"] + path)
request = Net::HTTP::Get.new(uri, "Authorization" => "Bearer any")
loop do
  begin
    answer = Net::HTTP.start(uri.host, uri.port, open_timeout: 10, read_timeout: 10, max_retries: 0) { |http| http.request(request) }
    break if JSON.parse(answer.body)["data"]["state"] == "success"
  rescue StandardError
  end
  sleep 3
end
